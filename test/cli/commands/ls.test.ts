import t from 'tap';
import { commandScene } from '../../fixtures/command-scene.js';

const MIB = 2 ** 20;
const OBJECTS = {
  '/models/a.bin': { bytes: { seed: 1, length: 2 * MIB } },
  '/models/b.bin': { bytes: { seed: 2, length: 3000 } },
  '/other.bin': { bytes: { seed: 3, length: MIB } },
};

t.test('ls lists the held objects, or reports that nothing is held', async (t) => {
  const { run } = await commandScene(t, OBJECTS);
  const empty = await run(['ls']);
  t.match(empty, { exitCode: 0, stdout: 'nothing is held\n', stderr: /no Forebay runs on/ });

  t.equal((await run(['pull', ...Object.keys(OBJECTS), '--quiet'])).exitCode, 0);
  const all = await run(['ls']);
  t.match(all.stdout, /^origin {2}object +size +held {2}integrity/);
  t.match(all.stdout, /^origin {2}\/models\/a\.bin +2 MiB {2}100 % {2}observed/m);
  t.match(all.stdout, /^origin {2}\/other\.bin +1 MiB {2}100 %/m);

  const some = await run(['ls', '/models', '--json']);
  t.match(JSON.parse(some.stdout), [
    { origin: 'origin', target: '/models/a.bin', lengthBytes: 2 * MIB, heldBytes: 2 * MIB },
    { target: '/models/b.bin', lengthBytes: 3000, pinned: false },
  ]);
  t.equal((JSON.parse(some.stdout) as unknown[]).length, 2);
});

t.test('ls with a limit lists that many objects and reports that there are more', async (t) => {
  const { run } = await commandScene(t, OBJECTS);
  t.equal((await run(['pull', ...Object.keys(OBJECTS)])).exitCode, 0);
  const two = await run(['ls', '--limit', '2', '--json']);
  t.equal((JSON.parse(two.stdout) as unknown[]).length, 2);
  t.match(two.stderr, 'these are the first 2: --limit shows more');
  const three = await run(['ls', '--limit', '3', '--json']);
  t.equal((JSON.parse(three.stdout) as unknown[]).length, 3);
  t.notMatch(three.stderr, '--limit');
});

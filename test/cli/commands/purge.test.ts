import t from 'tap';
import { commandScene } from '../../fixtures/command-scene.js';

const MIB = 2 ** 20;
const OBJECTS = {
  '/models/a.bin': { bytes: { seed: 1, length: 2 * MIB } },
  '/other.bin': { bytes: { seed: 3, length: MIB } },
};

t.test('purge PATH removes that path and nothing else', async (t) => {
  const { run } = await commandScene(t, OBJECTS);
  t.equal((await run(['pull', ...Object.keys(OBJECTS)])).exitCode, 0);
  const dry = await run(['purge', '/models', '--dry-run']);
  t.match(dry, { exitCode: 0, stdout: 'would purge 1 object of 2 MiB, 1 response\n' });
  const wet = await run(['purge', '/models', '--json']);
  t.same(JSON.parse(wet.stdout), { dryRun: false, objects: 1, responses: 1, bytes: 2 * MIB });
  const left = JSON.parse((await run(['ls', '--json'])).stdout) as unknown[];
  t.match(left, [{ target: '/other.bin' }]);
  t.equal(left.length, 1);
  t.match((await run(['purge', '--all'])).stdout, 'purged 1 object of 1 MiB');
  t.equal((await run(['ls'])).stdout, 'nothing is held\n');
});

t.test('purge of everything needs an explicit flag', async (t) => {
  const { run } = await commandScene(t, {});
  for (const args of [['purge'], ['purge', '/x', '--all']]) {
    const { exitCode, stderr } = await run(args);
    t.equal(exitCode, 64);
    t.match(stderr, 'give a path, or --all');
  }
});

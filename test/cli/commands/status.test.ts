import t from 'tap';
import { runCommand } from '../../fixtures/command-line.js';
import { commandScene } from '../../fixtures/command-scene.js';
import { startForebay } from '../../fixtures/running.js';
import { startOrigin } from '../../fixtures/scripted-origin.js';

const MIB = 2 ** 20;
const OBJECTS = { '/a.bin': { bytes: { seed: 1, length: 2 * MIB } } };

t.test('status shows a running Forebay', async (t) => {
  const origin = await startOrigin({ objects: OBJECTS });
  t.teardown(() => origin.close());
  const forebay = await startForebay(t, { origin });
  await forebay.get('/a.bin');
  await forebay.holds(2);
  const args = [
    'status',
    '--admin',
    new URL(forebay.adminUrl).host,
    '--cache-dir',
    forebay.directory,
  ];
  const { exitCode, stdout, stderr } = await runCommand(args);
  t.equal(exitCode, 0, stderr);
  t.equal(stderr, '');
  t.match(stdout, /^Forebay test, up \d/);
  t.match(stdout, /^capacity {2}2\.\d MiB of 256 MiB \(0\.\d %\)/m);
  t.match(stdout, /^holds {5}1 objects, 2 chunks, 1 responses$/m);
  t.match(stdout, /^requests {2}1 ended, 0 running; 0\.0 % hits$/m);
  t.match(stdout, /^bytes {5}2 MiB to clients, 2 MiB from origins$/m);
  t.match(stdout, /^origin {4}origin: in use$/m);
  await forebay.get('/a.bin');
  const json = await runCommand([...args, '--json']);
  t.match(JSON.parse(json.stdout), {
    running: true,
    version: 'test',
    cache: { capacityBytes: 256 * MIB, chunks: 2, directory: forebay.directory },
    requests: { hits: 1, hitRatio: 0.5 },
    breakers: [{ origin: 'origin', state: 'closed' }],
  });
});

t.test('status shows a cache that no Forebay uses', async (t) => {
  const { run } = await commandScene(t, OBJECTS);
  t.equal((await run(['pull', '/a.bin'])).exitCode, 0);
  const { exitCode, stdout } = await run(['status']);
  t.equal(exitCode, 0);
  t.match(stdout, /^Forebay \S+, not running\n/);
  t.match(stdout, /^holds {5}1 objects, 2 chunks/m);
  t.notMatch(stdout, /^requests/m, 'there were none to tell of');
});

/** The facade itself; what the addon does is tested in test/native. */
import { cpSync, mkdirSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import t from 'tap';
import { native, systemCalls } from '#src/compute/native.js';
import { hashWhole } from '../fixtures/hash-whole.js';

void t.test('hashWhole returns what b3sum prints', (t) => {
  const abc = '6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85';
  t.equal(hashWhole(Buffer.from('abc')), abc);
  t.equal(hashWhole(new Uint8Array(0)), Buffer.from(native.rootOfEmpty()).toString('hex'));
  t.end();
});

void t.test("the addon is the store's port for system calls", (t) => {
  t.equal(systemCalls, native);
  t.end();
});

void t.test('the addon object is frozen', (t) => {
  t.ok(Object.isFrozen(native));
  t.end();
});

void t.test('without its addon the program names the command to run', async (t) => {
  const directory = t.testdir({ 'package.json': '{"type":"module"}' });
  mkdirSync(`${directory}/dist`);
  for (const room of ['compute', 'model']) {
    const from = new URL(`${room}/`, import.meta.resolve('#src/main.js'));
    cpSync(fileURLToPath(from), `${directory}/dist/${room}`, { recursive: true });
  }
  const copy = pathToFileURL(`${directory}/dist/compute/native.js`).href;
  await t.rejects(import(copy), {
    name: 'AddonError',
    message: /forebay\.node: [^]*`npm run build`/,
  });
});

void t.test('each thread loads its own addon instance', async (t) => {
  const url = import.meta.resolve('../fixtures/hash-whole.js');
  const source = `
    import('${url}').then(({ hashWhole }) => {
      require('node:worker_threads').parentPort.postMessage(hashWhole(Buffer.from('abc')));
    });`;
  const workers = Array.from({ length: 3 }, () => new Worker(source, { eval: true }));
  const answers = await Promise.all(workers.map((worker) => once(worker, 'message')));
  t.same(new Set(answers.flat()), new Set([hashWhole(Buffer.from('abc'))]));
});

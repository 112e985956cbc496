import t from 'tap';
import { BATCH_MS, LineBatch } from '#src/telemetry/line-batch.js';
import { createLog } from '#src/telemetry/log.js';

function collect() {
  const writes: string[] = [];
  return { writes, batch: new LineBatch({ write: (text) => writes.push(text) }) };
}

t.test('lines are written together, in order, when they are flushed', async (t) => {
  const { writes, batch } = collect();
  batch.add('a\n');
  batch.add('b\n');
  t.same(writes, [], 'not one by one');
  batch.flush();
  batch.flush();
  t.same(writes, ['a\nb\n']);
});

t.test('lines are written without a flush once there are enough of them', async (t) => {
  const { writes, batch } = collect();
  const line = `${'x'.repeat(1000)}\n`;
  for (let count = 0; count < 100; count += 1) batch.add(line);
  t.ok(writes.length >= 2 && writes.length < 10, `${String(writes.length)} writes`);
  batch.flush();
  t.equal(writes.join(''), line.repeat(100));
});

t.test('a single line is written after a while', async (t) => {
  const { writes, batch } = collect();
  batch.add('a\n');
  const keepsAlive = setTimeout(() => undefined, 100 * BATCH_MS);
  while (writes.length === 0) await new Promise((resolve) => setTimeout(resolve, BATCH_MS));
  clearTimeout(keepsAlive);
  t.same(writes, ['a\n']);
});

t.test('an entry of the log is written after the batched lines before it', async (t) => {
  const writes: string[] = [];
  const sink = { write: (text: string) => writes.push(text) };
  const { log, batched, flush } = createLog({ level: 'info', format: 'json' }, sink);
  batched({ path: '/a', bytes: 1, code: null }, 'request');
  log.warn({ url: 'secret' }, 'other');
  batched({ path: '/b' }, 'request');
  flush();
  const entries = writes
    .join('')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg: string });
  t.match(entries, [
    { level: 'info', time: /Z$/, path: '/a', bytes: 1, code: null, msg: 'request' },
    { level: 'warn', url: '[redacted]', msg: 'other' },
    { path: '/b', msg: 'request' },
  ]);
});

t.test('batched lines have the format of the log', async (t) => {
  const writes: string[] = [];
  const sink = { write: (text: string) => writes.push(text) };
  const { batched, flush } = createLog({ level: 'info', format: 'text' }, sink);
  batched({ path: '/a', range: null }, 'request');
  flush();
  t.match(writes.join(''), /^\S+Z INFO {2}request path=\/a\n$/);
});

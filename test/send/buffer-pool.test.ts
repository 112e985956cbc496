import t from 'tap';
import { BufferPool, bufferSize } from '#src/send/buffer-pool.js';

const KIBIBYTE = 1024;

t.test('buffers shrink as more are out', (t) => {
  t.equal(bufferSize(0), 256 * KIBIBYTE);
  t.equal(bufferSize(63), 256 * KIBIBYTE);
  t.equal(bufferSize(64), 64 * KIBIBYTE);
  t.equal(bufferSize(319), 64 * KIBIBYTE);
  t.equal(bufferSize(320), 16 * KIBIBYTE);
  t.equal(bufferSize(1e6), 16 * KIBIBYTE);
  t.end();
});

t.test('ten thousand slow clients hold a bounded amount', (t) => {
  let total = 0;
  for (let out = 0; out < 20_000; out += 1) total += bufferSize(out);
  t.ok(total < 352 * KIBIBYTE * KIBIBYTE, `${String(total)} bytes`);
  t.end();
});

t.test('a returned buffer is used again, a lost one is not', (t) => {
  const pool = new BufferPool();
  const first = pool.take();
  const second = pool.take();
  t.not(first, second);
  t.equal(pool.out, 2);
  pool.give(first);
  pool.lose();
  t.equal(pool.out, 0);
  t.equal(pool.take(), first);
  t.not(pool.take(), second);
  t.end();
});

t.test('few idle buffers are kept', (t) => {
  const pool = new BufferPool();
  const taken = Array.from({ length: 40 }, () => pool.take());
  for (const buffer of taken) pool.give(buffer);
  const again = Array.from({ length: 40 }, () => pool.take());
  t.equal(again.filter((buffer) => taken.includes(buffer)).length, 16);
  t.end();
});

/** Long JSON, read on a thread of its own. */
import t, { type Test } from 'tap';
import { readText } from '#src/hub/json-text.js';
import { MAX_SCANS, ScanPool } from '#src/hub/scan-pool.js';

function start(t: Test): ScanPool {
  const pool = new ScanPool();
  t.teardown(() => pool.close());
  return pool;
}

/** Pieces with memory of their own. */
async function* pieces(text: string, bytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < text.length; at += bytes) {
    yield await Promise.resolve(Buffer.alloc(Math.min(bytes, text.length - at), text.slice(at)));
  }
}

t.test('ScanPool reads several texts at once as the main thread does', async (t) => {
  const pool = start(t);
  const texts = [1, 2, 3].map((n) => JSON.stringify(Array(n * 1000).fill({ xetHash: 'f', n })));
  const read = await Promise.all(texts.map((text) => pool.read(pieces(text, 4096))));
  t.same(
    read,
    texts.map((text) => readText(Buffer.from(text))),
  );
});

t.test('ScanPool rejects for invalid JSON and broken bodies, and goes on', async (t) => {
  const pool = start(t);
  await t.rejects(pool.read(pieces('[1,2', 2)), { code: 'origin-protocol' });
  await t.rejects(pool.read(pieces('<html>', 2)), { code: 'origin-protocol' });
  const broken = async function* (): AsyncGenerator<Buffer> {
    yield* pieces('[1,', 1);
    throw new RangeError('the body broke');
  };
  await t.rejects(pool.read(broken()), RangeError);
  t.equal((await pool.read(pieces('[1,2]', 2))).rawBytes, 5);
});

t.test('ScanPool rejects with overload for one text too many', async (t) => {
  const pool = start(t);
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const waiting = async function* (): AsyncGenerator<Buffer> {
    await gate;
    yield* pieces('[]', 2);
  };
  const all = Array.from({ length: MAX_SCANS }, () => pool.read(waiting()));
  await t.rejects(pool.read(pieces('[]', 2)), { code: 'overload' });
  open();
  t.equal((await Promise.all(all)).length, MAX_SCANS);
});

import fc from 'fast-check';
import t from 'tap';
import zlib from 'node:zlib';
import type { Decodable } from '#src/model/content-coding.js';
import { cancelledFault } from '#src/worker/faults.js';
import { BodyDecoder, maxCodedBytes } from '#src/worker/body-decoder.js';

const CODERS: readonly [name: string, coding: Decodable, code: (plain: Buffer) => Buffer][] = [
  ['gzip', 'gzip', zlib.gzipSync],
  ['deflate', 'deflate', zlib.deflateSync],
  ['deflate without its frame', 'deflate', zlib.deflateRawSync],
  ['br', 'br', zlib.brotliCompressSync],
];

/** Decodes `coded` in pieces of `pieceBytes`; the taker takes a turn for each. */
async function decode(coding: Decodable, coded: Buffer, plainBytes: number, pieceBytes = 1000) {
  const pieces: Buffer[] = [];
  let busy = false;
  const decoder = new BodyDecoder(coding, plainBytes, async (piece) => {
    t.notOk(busy, 'one piece at a time');
    busy = true;
    pieces.push(Buffer.from(piece));
    await new Promise((resolve) => setImmediate(resolve));
    busy = false;
  });
  try {
    const memory = Buffer.alloc(pieceBytes);
    for (let at = 0; at < coded.length; at += pieceBytes) {
      const part = coded.subarray(at, at + pieceBytes);
      memory.set(part);
      await decoder.push(memory.subarray(0, part.length));
      memory.fill(0);
    }
    await decoder.end();
  } finally {
    decoder.close();
  }
  return Buffer.concat(pieces);
}

for (const [name, coding, code] of CODERS) {
  t.test(`${name}: a body decodes equal wherever it is split`, async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 400 }),
        async (seed, pieceBytes, times) => {
          const plain = Buffer.concat(Array.from({ length: times }, () => Buffer.from(seed)));
          const got = await decode(coding, code(plain), plain.length, pieceBytes);
          t.ok(got.equals(plain));
        },
      ),
      { numRuns: 15 },
    );
  });

  t.test(`${name}: a truncated or wrongly coded body is an error`, async (t) => {
    const coded = code(Buffer.alloc(5000, 'plain'));
    await t.rejects(decode(coding, coded.subarray(0, -3), 5000), { code: 'origin-protocol' });
    const other = Buffer.alloc(3000, 0xff);
    await t.rejects(decode(coding, other, 5000), { code: 'origin-protocol' });
  });
}

t.test('an error of the taker ends the decoding', async (t) => {
  const decoder = new BodyDecoder('gzip', 1e6, () => {
    throw cancelledFault();
  });
  await t.rejects(decoder.push(zlib.gzipSync(Buffer.alloc(1e6, 'x'))), { code: 'cancelled' });
  await t.rejects(decoder.push(Buffer.from('more')), { code: 'cancelled' });
});

t.test('coded bytes without content are bounded', async (t) => {
  const nothing = zlib.gzipSync('');
  const many = Buffer.concat(Array.from({ length: 10_000 }, () => nothing));
  t.ok(many.length > maxCodedBytes(1000));
  await t.rejects(decode('gzip', many, 1000, 64 * 1024), { code: 'origin-protocol' });
});

t.test('an empty body is no valid coded content', async (t) => {
  await t.rejects(decode('gzip', Buffer.alloc(0), 0), { code: 'origin-protocol' });
});

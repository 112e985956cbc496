import t from 'tap';
import zlib from 'node:zlib';
import { countContent, MAX_COUNTED_BYTES } from '#src/hub/count-content.js';

async function* pieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    yield await Promise.resolve(bytes.subarray(at, at + size));
  }
}

const PLAIN = Buffer.alloc(100_001, 'plain');

t.test('countContent counts the decoded bytes', async (t) => {
  t.equal(await countContent(pieces(PLAIN), ''), PLAIN.length);
  t.equal(await countContent(pieces(zlib.gzipSync(PLAIN)), 'gzip'), PLAIN.length);
  t.equal(await countContent(pieces(zlib.brotliCompressSync(PLAIN)), 'br'), PLAIN.length);
  t.equal(await countContent(pieces(Buffer.alloc(0)), ''), 0);
});

t.test('countContent stops beyond its bound', async (t) => {
  const many = Buffer.alloc(MAX_COUNTED_BYTES + 1);
  t.equal(await countContent(pieces(many, 1 << 20), ''), null);
  t.equal(await countContent(pieces(zlib.gzipSync(many), 1 << 14), 'gzip'), null);
});

t.test('countContent rejects for truncated or wrongly coded content', async (t) => {
  await t.rejects(countContent(pieces(zlib.gzipSync(PLAIN).subarray(0, 50)), 'gzip'));
  await t.rejects(countContent(pieces(PLAIN), 'gzip'));
});

import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import t from 'tap';
import { decodedPieces, MAX_DECODED_BYTES } from '#src/hub/decoded.js';

const TEXT = Buffer.from(JSON.stringify({ siblings: Array(2000).fill({ rfilename: 'a' }) }));

async function* inPieces(bytes: Buffer, size = 100): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(bytes: Buffer, coding: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of decodedPieces(inPieces(bytes), coding)) pieces.push(piece);
  return Buffer.concat(pieces);
}

t.test('a coded body is decoded, an uncoded one unchanged', async (t) => {
  t.ok((await read(TEXT, '')).equals(TEXT));
  t.ok((await read(gzipSync(TEXT), 'gzip')).equals(TEXT));
  t.ok((await read(deflateSync(TEXT), 'deflate')).equals(TEXT));
  t.ok((await read(brotliCompressSync(TEXT), 'br')).equals(TEXT));
});

t.test('an unknown coding, a broken one, and a bomb are refused', async (t) => {
  await t.rejects(read(TEXT, 'zstd'), { code: 'origin-protocol', message: /zstd/ });
  await t.rejects(read(TEXT, 'gzip'), { code: 'origin-protocol' });
  const bomb = gzipSync(Buffer.alloc(MAX_DECODED_BYTES + 1));
  await t.rejects(read(bomb, 'gzip'), { code: 'origin-protocol' });
});

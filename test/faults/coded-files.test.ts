/** Files of a hub whose edge sends them coded although identity was asked. */
import { createHash } from 'node:crypto';
import zlib from 'node:zlib';
import t from 'tap';
import { describe, RUNNING_CHUNK_BYTES as C, startForebay } from '../fixtures/running.js';
import { runOrigin } from '../fixtures/running-origin.js';
import type { Action } from '../fixtures/scripted-origin.js';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const COMMIT = 'a'.repeat(40);
const SMALL = Buffer.from(
  JSON.stringify({ vocab: Array.from({ length: 3000 }, (_, at) => `token${String(at)}`) }),
);
const LARGE = Buffer.concat(Array.from({ length: 90 }, () => SMALL));

const CODINGS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: zlib.gzipSync,
  'x-gzip': zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync,
};

/** How the coded form comes. */
const FORMS: Readonly<Record<string, readonly Action[]>> = {
  whole: [{ kind: 'ignore-range' }],
  'in chunks': [{ kind: 'ignore-range' }, { kind: 'chunked' }],
  'by ranges of it': [],
};

for (const [coding, code] of Object.entries(CODINGS)) {
  for (const [form, actions] of Object.entries(FORMS)) {
    t.test(`a hub's file in ${coding}, ${form}: the plain bytes, and their length`, async (t) => {
      for (const plain of coding === 'gzip' ? [SMALL, LARGE] : [SMALL]) {
        const fields = { 'X-Repo-Commit': COMMIT, 'Content-Encoding': coding };
        const spec = { bytes: code(plain), etag: `W/"${sha256(plain)}"`, fields };
        const origin = await runOrigin(t, {
          '/acme/m/resolve/main/f': spec,
          [`/acme/m/resolve/${COMMIT}/f`]: spec,
        });
        origin.script({ when: ({ method }) => method === 'GET', actions });
        const forebay = await startForebay(t, {
          origins: [{ name: 'hub', adapter: 'huggingface', url: origin.url }],
        });
        const head = await forebay.get('/acme/m/resolve/main/f', { method: 'HEAD' });
        t.equal(head.headers['content-length'], String(plain.length), 'not that of the coded form');
        const got = await forebay.get('/acme/m/resolve/main/f');
        t.ok(got.body.equals(plain) && !got.aborted, describe(got));
        t.equal(got.headers['content-encoding'], undefined);
        const from = plain.length - 100;
        const part = await forebay.range('/acme/m/resolve/main/f', from, plain.length);
        t.ok(part.equals(plain.subarray(from)));
        await forebay.stop();
      }
    });
  }
}

t.test('a coded file whose content differs from its digest is refused', async (t) => {
  const fields = { 'X-Repo-Commit': COMMIT, 'Content-Encoding': 'gzip' };
  const other = Buffer.from(LARGE);
  other[2 * C] = 0;
  const spec = { bytes: zlib.gzipSync(other), etag: `"${sha256(LARGE)}"`, fields };
  const origin = await runOrigin(t, {
    '/acme/m/resolve/main/f': spec,
    [`/acme/m/resolve/${COMMIT}/f`]: spec,
  });
  origin.script({ actions: [{ kind: 'ignore-range' }] });
  const forebay = await startForebay(t, {
    origins: [{ name: 'hub', adapter: 'huggingface', url: origin.url }],
  });
  const got = await forebay.get('/acme/m/resolve/main/f');
  t.ok(got.aborted || got.status === 502, describe(got));
});

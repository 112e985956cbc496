/**
 * Answers without a byte where something is known of the bytes: no chunk comes that could be
 * checked.
 */
import { createHash } from 'node:crypto';
import t, { type Test } from 'tap';
import { hashWhole } from '../fixtures/hash-whole.js';
import { describe, startForebay } from '../fixtures/running.js';
import { FRESH, runOrigin } from '../fixtures/running-origin.js';
import type { Action } from '../fixtures/scripted-origin.js';

const BYTES = Buffer.alloc(3_000_000, 'weights');
const NOTHING = Buffer.alloc(0);
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const gitSha1 = (bytes: Buffer): string =>
  createHash('sha1')
    .update(`blob ${String(bytes.length)}\0`)
    .update(bytes)
    .digest('hex');

const DIGESTS: Readonly<Record<string, (bytes: Buffer) => string>> = {
  sha256: (bytes) => `sha256:${sha256(bytes)}`,
  blake3: (bytes) => `blake3:${hashWhole(bytes)}`,
  'git-sha1': (bytes) => `git-sha1:${gitSha1(bytes)}`,
};

/** Ways to send nothing. */
const EMPTY: Readonly<Record<string, readonly Action[]>> = {
  'no length': [],
  chunked: [{ kind: 'ignore-range' }, { kind: 'chunked' }],
  'close-delimited': [{ kind: 'ignore-range' }, { kind: 'close-delimited' }],
  204: [{ kind: 'status', status: 204, fields: { ETag: '"e"', 'Cache-Control': FRESH } }],
  205: [
    {
      kind: 'status',
      status: 205,
      fields: { ETag: '"e"', 'Cache-Control': FRESH, 'Content-Length': '0' },
    },
  ],
};

async function startPinned(t: Test, digest: string, more: object = {}) {
  const origin = await runOrigin(t, {});
  const set = (bytes: Buffer): void => {
    for (const path of ['/a', '/b']) {
      const etag = `"${String(bytes.length)}"`;
      origin.objects.set(path, { bytes, etag, cacheControl: FRESH });
    }
  };
  const originKeys = { digests: [{ pattern: '/**', digest }], ...more };
  const start = (directory?: string) =>
    startForebay(t, { origin, originKeys, ...(directory !== undefined && { directory }) });
  return { origin, set, start };
}

for (const [algorithm, digestOf] of Object.entries(DIGESTS)) {
  for (const [form, actions] of Object.entries(EMPTY)) {
    t.test(`an empty body (${form}) does not match a pin (${algorithm})`, async (t) => {
      const { origin, set, start } = await startPinned(t, digestOf(BYTES));
      set(NOTHING);
      const mend = origin.script({ actions });
      let forebay = await start();
      const refuse = async (when: string): Promise<void> => {
        for (const headers of [
          {},
          { range: 'bytes=0-9' },
          { range: 'bytes=100-' },
          { range: 'bytes=-5' },
        ]) {
          const got = await forebay.get('/a', { headers });
          t.same([got.status, got.aborted], [502, false], `${when}: ${describe(got)}`);
          t.match(got.headers['cache-status'], 'origin-corrupt');
        }
        // Without a length a HEAD says nothing of the content.
        const head = await forebay.get('/a', { method: 'HEAD' });
        t.equal(head.headers['content-length'] === '0' && head.status < 300, false, when);
      };
      await refuse('at once');
      await forebay.stop();
      forebay = await start(forebay.directory);
      await refuse('after a restart');
      t.equal(await forebay.metric('forebay_cache_chunks'), 0);
      mend();
      set(BYTES);
      const got = await forebay.get('/a');
      t.ok(got.body.equals(BYTES), describe(got));
    });
  }

  t.test(`an empty body matches the pin (${algorithm}) of the empty string`, async (t) => {
    const { origin, set, start } = await startPinned(t, digestOf(NOTHING), { integrity: 'strict' });
    set(NOTHING);
    const forebay = await start();
    for (const again of [false, true]) {
      const got = await forebay.get('/a');
      t.same([got.status, got.body.length], [200, 0]);
      if (again) t.match(got.headers['cache-status'], /hit(?!.*unverified)/);
    }
    t.equal((await forebay.get('/a', { headers: { range: 'bytes=0-0' } })).status, 416);
    const { length } = origin.requests;
    set(BYTES);
    const other = await forebay.get('/b');
    t.equal(other.status, 502, 'and something is not');
    t.ok(origin.requests.length > length);
  });
}

t.test('an empty file from a hub is refused when its ETag names other content', async (t) => {
  const origin = await runOrigin(t, {});
  const set = (bytes: Buffer): void => {
    const fields = { 'X-Repo-Commit': 'a'.repeat(40) };
    for (const revision of ['main', 'a'.repeat(40)])
      origin.objects.set(`/acme/m/resolve/${revision}/f`, {
        bytes,
        etag: `"${sha256(BYTES)}"`,
        fields,
      });
  };
  set(NOTHING);
  const origins = [{ name: 'hub', adapter: 'huggingface', url: origin.url }];
  const forebay = await startForebay(t, { origins });
  for (const method of ['GET', 'HEAD', 'GET']) {
    const got = await forebay.get('/acme/m/resolve/main/f', { method });
    t.equal(got.status, 502, describe(got));
    t.match(got.headers['cache-status'], 'origin-corrupt');
  }
  // An edge that lost the length of a HEAD has the file all the same.
  set(BYTES);
  origin.script({
    when: ({ method }) => method === 'HEAD',
    actions: [{ kind: 'fields', fields: { 'Content-Length': '0' } }],
  });
  const got = await forebay.get('/acme/m/resolve/main/f');
  t.ok(got.body.equals(BYTES), describe(got));
});

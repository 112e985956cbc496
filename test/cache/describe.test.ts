import t from 'tap';
import { describe, endToEndFields } from '#src/cache/describe.js';
import { toHeaderMap } from '#src/model/headers.js';
import { type Fields, RECEIVED } from '../fixtures/stored-response.js';

const TIMES = { requestTimeMs: RECEIVED, responseTimeMs: RECEIVED };
const STRONG = { etag: '"a"', 'cache-control': 'max-age=60' };
const DIGEST = { algorithm: 'sha256', hex: 'a'.repeat(64) } as const;

const described = (status: number, headers: Fields, lengthBytes: number | null = 10) =>
  describe({
    origin: 'origin',
    uri: 'http://origin.example/a',
    request: toHeaderMap({ 'x-kind': 'one' }),
    head: { status, headers: toHeaderMap(headers), contentLength: null },
    times: TIMES,
    lengthBytes,
    chunkSizeBytes: 1024,
    digest: DIGEST,
    unlocked: false,
    redirects: [],
    isSteady: true,
  });

t.test('a 206 is stored as its 200, joined by its strong validator', async (t) => {
  const { stored, shareable } = described(206, { ...STRONG, 'content-range': 'bytes 0-1/10' });
  t.ok(shareable);
  t.equal(stored.status, 200);
  t.equal(stored.headers['content-range'], undefined);
  t.equal(stored.headers['date'], new Date(RECEIVED).toUTCString());
  t.match(stored.object, { generation: '', lengthBytes: 10, digest: DIGEST, variant: '' });
});

t.test('what cannot be joined gets a name of its own, each time another', async (t) => {
  const tokens = [
    described(200, { 'cache-control': 'max-age=60' }),
    described(200, { ...STRONG, etag: 'W/"a"' }),
    described(200, STRONG, null),
    described(404, STRONG),
  ].map(({ stored, shareable }) => {
    t.ok(shareable);
    return stored.object.generation;
  });
  t.equal(new Set(tokens).size, 4);
  t.notOk(tokens.includes(''));
  t.equal(described(404, STRONG).stored.object.digest, null, 'no content that a digest speaks of');
});

t.test('what may not be stored, or is of no use, is its own asker\u2019s alone', async (t) => {
  for (const headers of [{ ...STRONG, 'cache-control': 'no-store' }, { date: 'now' }]) {
    const { stored, shareable } = described(200, headers);
    t.notOk(shareable);
    t.not(stored.object.generation, '');
  }
});

t.test('fields for one client are received, not stored', async (t) => {
  const headers = { ...STRONG, 'cache-control': 'max-age=60, private="x-mine"', 'x-mine': '1' };
  const { stored, received } = described(200, headers);
  t.same([stored.headers['x-mine'], received['x-mine']], [undefined, '1']);
});

t.test('the fields that Vary names are kept with it', async (t) => {
  const { stored } = described(200, { ...STRONG, vary: 'x-kind' });
  t.same({ ...stored.requestHeaders }, { 'x-kind': 'one' });
  t.equal(stored.object.variant, '[["x-kind","one"]]');
});

t.test('a Date that is there stays', async (t) => {
  const head = { status: 200, headers: toHeaderMap({ date: 'x' }), contentLength: null };
  t.equal(endToEndFields(head, TIMES)['date'], 'x');
});

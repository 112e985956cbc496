import t from 'tap';
import { describeResponse, type Described } from '#src/cache/rfc9111/describe.js';
import { toHeaderMap } from '#src/model/headers.js';
import { NO_REDIRECTS } from '#src/model/redirect-chain.js';
import { type Fields, plainTag, RECEIVED, redirectHop } from '../../fixtures/stored-response.js';

const TIMES = { requestTimeMs: RECEIVED, responseTimeMs: RECEIVED, order: 1 };
const STRONG = { etag: '"a"', 'cache-control': 'max-age=60' };
const DIGEST = { algorithm: 'sha256', hex: 'a'.repeat(64) } as const;

const described = (
  status: number,
  headers: Fields,
  lengthBytes: number | null = 10,
  more: Partial<Described> = {},
) =>
  describeResponse({
    kind: 'response',
    outdated: false,
    origin: 'origin',
    uri: 'http://origin.example/a',
    request: toHeaderMap({ 'x-kind': 'one' }),
    tag: plainTag,
    head: { status, headers: toHeaderMap(headers), contentLength: null },
    times: TIMES,
    lengthBytes,
    chunkSizeBytes: 1024,
    digest: DIGEST,
    chain: NO_REDIRECTS,
    isSteady: true,
    ...more,
  });

t.test('a 206 with a strong validator is stored as its 200', async (t) => {
  const { stored, shareable } = described(206, { ...STRONG, 'content-range': 'bytes 0-1/10' });
  t.ok(shareable);
  t.equal(stored.status, 200);
  t.equal(stored.headers['content-range'], undefined);
  t.equal(
    stored.headers['date'],
    undefined,
    'what the origin did not say is not stored as its word',
  );
  t.match(stored.object, { uniqueToken: '', lengthBytes: 10, digest: DIGEST, variant: '' });
});

t.test('a response without a strong validator gets a new token each time', async (t) => {
  const tokens = [
    described(200, { 'cache-control': 'max-age=60' }),
    described(200, { ...STRONG, etag: 'W/"a"' }),
    described(200, STRONG, null),
    described(404, STRONG),
  ].map(({ stored, shareable }) => {
    t.ok(shareable);
    return stored.object.uniqueToken;
  });
  t.equal(new Set(tokens).size, 4);
  t.notOk(tokens.includes(''));
  t.equal(described(404, STRONG).stored.object.digest, null, 'no content that a digest speaks of');
});

t.test('an uncacheable or useless response is not shareable', async (t) => {
  for (const headers of [{ ...STRONG, 'cache-control': 'no-store' }, { date: 'now' }]) {
    const { stored, shareable } = described(200, headers);
    t.notOk(shareable);
    t.not(stored.object.uniqueToken, '');
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

t.test('a Date that Forebay added does not make Last-Modified strong', async (t) => {
  const headers = { 'last-modified': new Date(RECEIVED - 9_000_000).toUTCString() };
  const undated = described(200, headers).stored.object;
  t.same([undated.validator.kind, undated.uniqueToken === ''], ['last-modified', false]);
  const dated = described(200, { ...headers, date: new Date(RECEIVED).toUTCString() });
  t.equal(dated.stored.object.uniqueToken, '', 'the origin\u2019s own does');
});

t.test('cookies are received, not stored', async (t) => {
  const { stored, received } = described(200, { ...STRONG, 'set-cookie': 'a=b' });
  t.same([stored.headers['set-cookie'], received['set-cookie']], [undefined, 'a=b']);
});

t.test("an object's identity contains the place that redirects led to", async (t) => {
  const led = (place: string, digest: typeof DIGEST | null) =>
    described(200, STRONG, 10, { chain: { hops: [redirectHop({})], place }, digest }).stored.object;
  t.equal(led('there', null).place, 'there');
  t.equal(led('there', DIGEST).place, undefined, 'but where its digest is known');
  t.equal(described(200, STRONG).stored.object.place, undefined);
});

import t from 'tap';
import { parseDigest } from '#src/model/digest.js';
import { type HeaderMap, toHeaderMap } from '#src/model/headers.js';
import type { FetchUrl, OriginHead } from '#src/model/fetch.js';
import { Upstream, type UpstreamOptions } from '#src/origin/upstream.js';
import { ManualClock } from '../fixtures/manual-clock.js';

const URI = 'https://hub.example/base/a';
const CDN = 'https://cdn.example/a?sig=1';

const TIMES = { requestTimeMs: 0, responseTimeMs: 0 };

const always = (): boolean => true;
const never = (): boolean => false;

function start(more: Partial<UpstreamOptions> = {}) {
  const clock = new ManualClock();
  const upstream = new Upstream({
    name: 'hub',
    url: 'https://hub.example/base',
    maxConnections: 3,
    redirectHosts: ['cdn.example'],
    allowPrivateRedirects: false,
    headers: { 'x-key': 'secret' },
    integrity: 'default',
    digests: [],
    pinned: [],
    via: '1.1 us',
    clock,
    ...more,
  });
  const source = (headers: Record<string, string> = {}) =>
    upstream.source(URI, toHeaderMap(headers));
  return { clock, upstream, source };
}

function redirectTo(location: string): OriginHead {
  const headers: HeaderMap = toHeaderMap({ location });
  return { status: 302, headers, contentLength: 0 };
}

function follow(source: ReturnType<Upstream['source']>, to: string): FetchUrl {
  source.redirected(source.target(), redirectTo(to), TIMES);
  return source.target();
}

t.test('a forwarded request goes to the base URL and the configured origin', async (t) => {
  const { upstream } = start();
  const asked = toHeaderMap({ 'x-key': 'of the client', 'content-type': 'a/b' });
  const { url, headers } = upstream.passTarget('/a?b', 'POST', asked);
  t.equal(url, upstream.uriOf('/a?b'));
  t.equal(headers['content-type'], 'a/b');
  t.match(headers, { 'x-key': 'secret', via: '1.1 us' });
});

t.test('a request target is appended to the base unchanged', async (t) => {
  const { upstream } = start();
  t.equal(upstream.uriOf('/a%2Fb?x=1'), 'https://hub.example/base/a%2Fb?x=1');
});

t.test('the first pattern that fits pins the digest; the query does not count', async (t) => {
  const one = parseDigest(`sha256:${'1'.repeat(64)}`);
  const two = parseDigest(`blake3:${'2'.repeat(64)}`);
  if (one === undefined || two === undefined) throw new Error('no digests');
  const digests = [
    { pattern: '/models/*.bin', digest: one },
    { pattern: '/models/**', digest: two },
  ];
  const { upstream } = start({ digests });
  t.equal(upstream.pinnedDigest('/models/a.bin?x=/b'), one);
  t.equal(upstream.pinnedDigest('/models/a/b.bin'), two);
  t.equal(upstream.pinnedDigest('/other'), null);
});

t.test('a request is sent with its own fields, the configured ones and Via', async (t) => {
  const { source } = start();
  const asked = source({
    authorization: 'Bearer a',
    accept: 'x',
    'private-token': 'b',
    'x-key': 'of the client',
    'cache-control': 'no-cache',
  });
  const own = { 'x-key': 'secret', via: '1.1 us' };
  t.match(asked.target(), { url: URI, addresses: 'any', expiresAtMs: null });
  const all = { authorization: 'Bearer a', accept: 'x', 'private-token': 'b', ...own };
  t.same(asked.target().headers, all, 'a fill has what its contact had');
  const insisting = { 'cache-control': 'no-cache', ...all };
  t.same(asked.walk(always).target().headers, insisting, 'a question asks as its client does');
});

t.test('credentials distinguish requests without being stored', async (t) => {
  const { source } = start();
  const [a, b] = [source({ authorization: 'Bearer a' }), source({ authorization: 'Bearer b' })];
  t.equal(source().credentialKey, '');
  t.equal(source({ accept: 'x' }).credentialKey, '');
  t.not(a.credentialKey, b.credentialKey);
  t.notMatch(a.credentialKey, /Bearer/);
  t.equal(source({ authorization: 'Bearer a' }).credentialKey, a.credentialKey);
  t.not(source({ cookie: 'Bearer a' }).credentialKey, a.credentialKey);
  t.not(source({ 'private-token': 'a' }).credentialKey, '', 'whatever they are called');
  t.equal(source({ 'x-key': 'a' }).credentialKey, '', 'the configured one is sent in its place');
  t.same(source({ 'x-odd': '1', 'x-key': 'a', accept: 'b', cookie: 'c' }).shown, [
    'cookie',
    'x-odd',
  ]);
});

t.test('a redirect is remembered for requests with equal credentials, for a while', async (t) => {
  const { clock, source } = start();
  const asked = source({ authorization: 'Bearer a' });
  const target = follow(asked, CDN);
  t.match(target, { url: CDN, addresses: 'public' });
  t.equal(target.headers['authorization'], undefined, 'they stay with the origin');
  t.equal(target.headers['x-key'], undefined);
  t.equal(source({ authorization: 'Bearer a' }).target().url, CDN);
  t.equal(source({ authorization: 'Bearer b' }).target().url, URI);
  t.equal(source().target().url, URI);
  clock.advance(59_999);
  t.equal(asked.target().url, CDN);
  clock.advance(1);
  t.equal(asked.target().url, URI);
});

t.test('a signed URL is not used shortly before its expiry', async (t) => {
  const { clock, source } = start();
  const expires = Math.floor(clock.now() / 1000) + 30;
  const asked = source();
  t.equal(
    follow(asked, `https://cdn.example/a?Expires=${String(expires)}`).expiresAtMs,
    expires * 1000,
  );
  clock.advance(19_999);
  t.match(asked.target().url, /cdn/);
  clock.advance(1);
  t.equal(asked.target().url, URI);
});

t.test('a refused location is forgotten and the origin asked; it decides', async (t) => {
  const { source } = start();
  const asked = source();
  const located = follow(asked, CDN);
  t.ok(asked.refused(located), 'the location expired');
  t.equal(asked.target().url, URI);
  t.notOk(asked.refused(asked.target()), 'the origin itself refused');
  t.ok(asked.isRefused);
});

t.test('redirects and refusals are bounded', async (t) => {
  const { source } = start();
  const circling = source();
  t.throws(
    () => {
      for (let hop = 0; hop < 10; hop += 1) follow(circling, `/base/${String(hop)}`);
    },
    { code: 'origin-loop' },
  );
  const refusing = source();
  let rounds = 0;
  const refused = (): void => {
    while (refusing.refused(follow(refusing, CDN)) && rounds < 20) rounds += 1;
  };
  refused();
  t.ok(rounds <= 6, String(rounds));
  t.ok(refusing.isRefused);
});

t.test('a long read follows many redirects one after another', async (t) => {
  const { clock, source } = start();
  const reading = source();
  for (let chunk = 0; chunk < 20; chunk += 1) {
    follow(reading, CDN);
    t.equal(reading.target().url, CDN);
    clock.advance(61_000);
    t.equal(reading.target().url, URI, 'the origin is asked again');
  }
});

t.test('a redirect is followed with the fields of the current request', async (t) => {
  const { source } = start();
  follow(source({ 'accept-language': 'fr', 'x-api-key': 'one' }), CDN);
  const same = source({ 'accept-language': 'fr', 'x-api-key': 'one' }).target();
  t.equal(same.url, CDN);
  t.equal(same.headers['x-api-key'], undefined, 'another host gets no key');
  t.equal(same.headers['accept-language'], 'fr');
  t.equal(source({ 'accept-language': 'fr', 'x-api-key': 'two' }).target().url, URI);
  t.equal(source({ 'accept-language': 'en', 'x-api-key': 'one' }).target().url, URI);
});

t.test('a redirect that may not be followed changes nothing', async (t) => {
  const { source } = start();
  const asked = source();
  t.throws(() => follow(asked, 'https://elsewhere.example/'), { code: 'origin-redirect-refused' });
  t.throws(() => follow(asked, 'http://hub.example/base/a'), { code: 'origin-redirect-refused' });
  t.equal(asked.target().url, URI);
});

t.test('a lookup starts at a remembered redirect only if it may be reused', async (t) => {
  const { source } = start();
  const asked = source({ cookie: 'a' });
  follow(asked, CDN);
  t.equal(asked.walk(never).target().url, URI);
  const way = asked.walk((hops) => hops[0]?.headers['location'] === undefined && hops.length === 1);
  t.equal(way.target().url, CDN);
  t.match(way.chain.hops, [{ status: 302, shown: ['cookie'] }]);
  t.equal(source().walk(always).target().url, URI, 'redirects of the same credentials only');
});

t.test('a lookup uses no redirect that varies on other fields', async (t) => {
  const { source } = start();
  for (const vary of ['User-Agent', '*', 'accept, Cache-Control']) {
    const asked = source({ accept: vary });
    const headers = toHeaderMap({ location: CDN, vary });
    asked.redirected(asked.target(), { status: 302, headers, contentLength: 0 }, TIMES);
    t.equal(asked.walk(always).target().url, URI, vary);
    t.equal(asked.target().url, CDN, 'fetches of what is known have its validator');
  }
});

t.test('every hop is reported with the fields it was sent', async (t) => {
  const { source } = start();
  const way = source({ 'x-api-key': 'a' }).walk(never);
  const lead = (location: string, fields: Record<string, string>): void => {
    const headers = toHeaderMap({ location, ...fields });
    way.redirected(way.target(), { status: 307, headers, contentLength: 0 }, TIMES);
  };
  lead('/base/b', { 'cache-control': 'no-cache' });
  lead(CDN, { vary: 'x-a' });
  lead('https://cdn.example/c', { expires: '0' });
  t.same(
    way.chain.hops.map(({ headers, shown }) => [{ ...headers }, shown]),
    [
      [{ 'cache-control': 'no-cache' }, ['x-api-key']],
      [{ vary: 'x-a' }, ['x-api-key']],
      [{ expires: '0' }, []],
    ],
  );
  t.equal(way.target().headers['x-api-key'], undefined);
});

t.test("fetches go to the object's location, wherever others were redirected", async (t) => {
  const { clock, source } = start();
  const asked = source();
  follow(asked, `${CDN}&v=1`);
  const { place } = asked.walk(always).chain;
  follow(asked, 'https://cdn.example/other');
  clock.advance(61_000);
  const back = source();
  const way = back.walk(never);
  way.redirected(way.target(), redirectTo('https://cdn.example/other'), TIMES);
  t.equal(back.target().url, 'https://cdn.example/other');
  t.equal(back.target(place).url, `${CDN}&v=1`, 'for longer: a validator joins it');
  t.ok(back.isAt(back.target(place), place));
  t.notOk(back.isAt(back.target(), place));
  t.ok(back.refused(back.target(place), place));
  t.notOk(back.isAt(back.target(place), place), 'until it is refused there');
});

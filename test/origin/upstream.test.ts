import t from 'tap';
import { parseDigest } from '#src/model/digest.js';
import { type HeaderMap, toHeaderMap } from '#src/model/headers.js';
import type { FetchTarget, OriginHead } from '#src/model/fetch.js';
import { Upstream, type UpstreamOptions } from '#src/origin/upstream.js';
import { ManualClock } from '../fixtures/manual-clock.js';

const URI = 'https://hub.example/base/a';
const CDN = 'https://cdn.example/a?sig=1';

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

function follow(source: ReturnType<Upstream['source']>, to: string): FetchTarget {
  source.redirected(source.target('fill'), redirectTo(to));
  return source.target('fill');
}

t.test('where a request goes that is passed on', async (t) => {
  const { upstream } = start();
  const asked = toHeaderMap({ 'x-key': 'of the client', 'content-type': 'a/b' });
  const { url, headers } = upstream.passTarget('/a?b', 'POST', asked);
  t.equal(url, upstream.uriOf('/a?b'));
  t.equal(headers['content-type'], 'a/b');
  t.match(headers, { 'x-key': 'secret', via: '1.1 us' });
});

t.test('a request target is put after the base, as it came', async (t) => {
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

t.test('what goes with a request: its credentials, the configured fields, our Via', async (t) => {
  const { source } = start();
  const asked = source({ authorization: 'Bearer a', accept: 'x', 'x-key': 'of the client' });
  const own = { 'x-key': 'secret', via: '1.1 us' };
  t.match(asked.target('fill'), { url: URI, addresses: 'any', expiresAtMs: null });
  t.same(asked.target('fill').headers, { authorization: 'Bearer a', ...own });
  t.same(asked.target('fill', ['accept']).headers, {
    authorization: 'Bearer a',
    accept: 'x',
    ...own,
  });
  t.same(asked.target('whole').headers, { authorization: 'Bearer a', accept: 'x', ...own });
});

t.test('credentials tell requests apart, without being kept', async (t) => {
  const { source } = start();
  const [a, b] = [source({ authorization: 'Bearer a' }), source({ authorization: 'Bearer b' })];
  t.equal(source().credentialKey, '');
  t.equal(source({ accept: 'x' }).credentialKey, '');
  t.not(a.credentialKey, b.credentialKey);
  t.notMatch(a.credentialKey, /Bearer/);
  t.equal(source({ authorization: 'Bearer a' }).credentialKey, a.credentialKey);
  t.not(source({ cookie: 'Bearer a' }).credentialKey, a.credentialKey);
});

t.test('a redirect is remembered for those with the same credentials, for a while', async (t) => {
  const { clock, source } = start();
  const asked = source({ authorization: 'Bearer a' });
  const target = follow(asked, CDN);
  t.match(target, { url: CDN, addresses: 'public' });
  t.equal(target.headers['authorization'], undefined, 'they stay with the origin');
  t.equal(target.headers['x-key'], undefined);
  t.equal(source({ authorization: 'Bearer a' }).target('fill').url, CDN);
  t.equal(source({ authorization: 'Bearer b' }).target('fill').url, URI);
  t.equal(source().target('fill').url, URI);
  clock.advance(59_999);
  t.equal(asked.target('fill').url, CDN);
  clock.advance(1);
  t.equal(asked.target('fill').url, URI);
});

t.test('a signed URL is not used in its last moments', async (t) => {
  const { clock, source } = start();
  const expires = Math.floor(clock.now() / 1000) + 30;
  const asked = source();
  t.equal(
    follow(asked, `https://cdn.example/a?Expires=${String(expires)}`).expiresAtMs,
    expires * 1000,
  );
  clock.advance(19_999);
  t.match(asked.target('fill').url, /cdn/);
  clock.advance(1);
  t.equal(asked.target('fill').url, URI);
});

t.test(
  'a refused location is forgotten and the origin asked again; its own word is final',
  async (t) => {
    const { source } = start();
    const asked = source();
    const located = follow(asked, CDN);
    t.ok(asked.refused(located), 'the location expired');
    t.equal(asked.target('fill').url, URI);
    t.notOk(asked.refused(asked.target('fill')), 'the origin itself says no');
    t.ok(asked.isRefused);
  },
);

t.test('neither redirects nor refusals go on for ever', async (t) => {
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

t.test('a long read meets many redirects, one after another', async (t) => {
  const { clock, source } = start();
  const reading = source();
  for (let chunk = 0; chunk < 20; chunk += 1) {
    follow(reading, CDN);
    t.equal(reading.target('fill').url, CDN);
    clock.advance(61_000);
    t.equal(reading.target('fill').url, URI, 'asked again where it is');
  }
});

t.test('a redirect is followed with the fields of who asks now', async (t) => {
  const { source } = start();
  follow(source({ 'accept-language': 'fr', 'x-api-key': 'one' }), CDN);
  const same = source({ 'accept-language': 'fr', 'x-api-key': 'one' }).target('whole');
  t.equal(same.url, CDN);
  t.equal(same.headers['x-api-key'], undefined, 'another host gets no key');
  t.equal(same.headers['accept-language'], 'fr');
  t.equal(source({ 'accept-language': 'fr', 'x-api-key': 'two' }).target('whole').url, URI);
  t.equal(source({ 'accept-language': 'en', 'x-api-key': 'one' }).target('whole').url, URI);
});

t.test('a redirect that may not be followed leaves things as they were', async (t) => {
  const { source } = start();
  const asked = source();
  t.throws(() => follow(asked, 'https://elsewhere.example/'), { code: 'origin-redirect-refused' });
  t.throws(() => follow(asked, 'http://hub.example/base/a'), { code: 'origin-redirect-refused' });
  t.equal(asked.target('fill').url, URI);
});

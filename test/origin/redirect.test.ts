import t from 'tap';
import type { FetchUrl } from '#src/model/fetch.js';
import { toHeaderMap } from '#src/model/headers.js';
import {
  followRedirect,
  isRedirect,
  MAX_LOCATION_LENGTH,
  type RedirectPolicy,
} from '#src/origin/redirect.js';

const target: FetchUrl = {
  url: 'https://origin.example/a/b?c=d',
  headers: { Authorization: 'Bearer x', cookie: 'y', 'x-api-key': 'z', accept: '*/*' },
  addresses: 'any',
  expiresAtMs: null,
};

const policy: RedirectPolicy = {
  originUrl: 'https://origin.example',
  redirectHosts: ['cdn.example', '*.hf.co', 'ported.example:8443'],
  allowPrivateRedirects: false,
  credentialHeaders: ['x-api-key'],
  hopsLeft: 5,
};

function follow(
  location: string | undefined,
  over: Partial<RedirectPolicy> = {},
  from: Partial<FetchUrl> = {},
  status = 302,
) {
  const headers = toHeaderMap({ location });
  const head = { status, headers, contentLength: 0 };
  return followRedirect({ ...target, ...from }, head, { ...policy, ...over });
}

function urlOf(decision: ReturnType<typeof follow>): string {
  return decision.kind === 'follow' ? decision.target.url : decision.error.code;
}

void t.test('unescaped UTF-8 in Location is escaped once', (t) => {
  const location = Buffer.from('/模?q=型').toString('latin1');
  t.equal(urlOf(follow(location)), 'https://origin.example/%E6%A8%A1?q=%E5%9E%8B');
  t.end();
});

void t.test('301, 302, 303, 307 and 308 are redirects, others are not', (t) => {
  for (const status of [301, 302, 303, 307, 308]) {
    t.equal(isRedirect(status), true);
    t.equal(urlOf(follow('/x', {}, {}, status)), 'https://origin.example/x');
  }
  for (const status of [200, 206, 300, 304, 305, 404]) {
    t.equal(isRedirect(status), false);
    t.equal(urlOf(follow('/x', {}, {}, status)), 'origin-protocol');
  }
  t.end();
});

void t.test("Location is resolved relative to the request's URL", (t) => {
  t.equal(urlOf(follow('/x/y')), 'https://origin.example/x/y');
  t.equal(urlOf(follow('y?z')), 'https://origin.example/a/y?z');
  t.equal(urlOf(follow('?z')), 'https://origin.example/a/b?z');
  t.equal(urlOf(follow('//cdn.example/x')), 'https://cdn.example/x');
  t.equal(urlOf(follow('https://cdn.example/x#frag')), 'https://cdn.example/x');
  t.equal(urlOf(follow('/a%2Fb')), 'https://origin.example/a%2Fb', 'encoding is kept');
  t.end();
});

void t.test('a redirect without a usable Location is an origin-protocol error', (t) => {
  for (const location of [undefined, '', 'https://', `/${'x'.repeat(MAX_LOCATION_LENGTH)}`]) {
    t.equal(urlOf(follow(location)), 'origin-protocol');
  }
  t.end();
});

void t.test("redirects are followed to the origin's host and to allowed hosts only", (t) => {
  const allowed = [
    'https://origin.example/x',
    'https://cdn.example/x',
    'https://cdn.example:444/x',
    'https://CDN.EXAMPLE/x',
    'https://a.hf.co/x',
    'https://b.a.hf.co/x',
    'https://ported.example:8443/x',
  ];
  for (const url of allowed) t.equal(follow(url).kind, 'follow', url);
  const refused = [
    'https://evil.example/x',
    'https://hf.co/x',
    'https://evilhf.co/x',
    'https://hf.co.evil.example/x',
    'https://xcdn.example/x',
    'https://cdn.example.evil/x',
    'https://origin.example:9200/x',
    'https://ported.example/x',
    'https://cdn.example@evil.example/x',
    'https://user:pw@origin.example/x',
    'ftp://cdn.example/x',
    'file:///etc/passwd',
    'data:text/plain,x',
    'http://origin.example/x', // https to http
  ];
  for (const url of refused) t.equal(urlOf(follow(url)), 'origin-redirect-refused', url);
  t.end();
});

void t.test('redirects go from http to http or https, never from https to http', (t) => {
  const plain = { url: 'http://origin.example/a' };
  const own = { originUrl: 'http://origin.example' };
  t.equal(urlOf(follow('/x', own, plain)), 'http://origin.example/x');
  const up = follow('https://origin.example/x', own, plain);
  t.equal(urlOf(up), 'https://origin.example/x');
  const lan = { originUrl: 'http://10.0.0.5:8000' };
  const from = { url: 'http://10.0.0.5:8000/a' };
  t.equal(urlOf(follow('http://10.0.0.5:9200/x', lan, from)), 'origin-redirect-refused');
  t.equal(urlOf(follow('http://10.0.0.5/x', lan, from)), 'origin-redirect-refused');
  t.equal(urlOf(follow('/x', lan, from)), 'http://10.0.0.5:8000/x');
  t.end();
});

void t.test('credentials are sent only to the origin they belong to', (t) => {
  const same = follow('/x');
  const other = follow('https://cdn.example/x');
  if (same.kind !== 'follow' || other.kind !== 'follow') throw new Error('refused');
  t.strictSame(same.target.headers, target.headers);
  t.strictSame(other.target.headers, { accept: '*/*' });
  const up = follow(
    'https://origin.example/x',
    { originUrl: 'http://origin.example' },
    { url: 'http://origin.example/a' },
  );
  t.strictSame(up.kind === 'follow' && up.target.headers, { accept: '*/*' }, 'another scheme');
  t.end();
});

void t.test('a redirect to another host requires public addresses', (t) => {
  const addresses = (location: string, over: Partial<RedirectPolicy> = {}) => {
    const decision = follow(location, over);
    return decision.kind === 'follow' ? decision.target.addresses : decision.error.code;
  };
  t.equal(addresses('/x'), 'any');
  t.equal(addresses('https://cdn.example/x'), 'public');
  t.equal(addresses('https://cdn.example/x', { allowPrivateRedirects: true }), 'any');
  const back = follow('https://origin.example/x', {}, { url: 'https://cdn.example/x' });
  t.equal(back.kind === 'follow' && back.target.addresses, 'any', 'back home');
  const onwards = follow('/y', {}, { url: 'https://cdn.example/x', addresses: 'public' });
  t.equal(onwards.kind === 'follow' && onwards.target.addresses, 'public');
  t.end();
});

void t.test('a redirect beyond the bound of hops is origin-loop', (t) => {
  t.equal(urlOf(follow('/x', { hopsLeft: 0 })), 'origin-loop');
  t.equal(follow('/x', { hopsLeft: 1 }).kind, 'follow');
  t.end();
});

void t.test('no error contains a signed URL', (t) => {
  for (const location of [
    'http://origin.example/x?sig=secret',
    'https://evil.example/?sig=secret',
  ]) {
    const decision = follow(location);
    if (decision.kind === 'refuse') t.notMatch(decision.error.message, 'secret');
    t.equal(decision.kind, 'refuse');
  }
  t.end();
});

void t.test('a redirect expires with the signature of its URL', (t) => {
  const decision = follow('https://cdn.example/x?X-Amz-Date=20260101T000000Z&X-Amz-Expires=60');
  t.equal(decision.kind === 'follow' && decision.target.expiresAtMs, Date.UTC(2026, 0, 1, 0, 1, 0));
  t.end();
});

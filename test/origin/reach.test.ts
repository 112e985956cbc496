import t from 'tap';
import type { OriginReach, ProxyAddress } from '#src/model/reach.js';
import { requestedProxy, Ways } from '#src/origin/reach.js';

const proxy: ProxyAddress = {
  url: 'http://proxy.test:3128',
  authorization: 'Basic c2VjcmV0',
  setting: 'HTTP_PROXY',
};
const tls = { ca: 'CA', cert: 'CERT', key: 'KEY' };
const reach: OriginReach = { proxies: { http: proxy, https: null }, noProxy: 'cdn.test', tls };

t.test('Ways: by scheme and host, the client certificate for the origin alone', async (t) => {
  const ways = new Ways('https://origin.test/base', reach);
  t.match(ways.to('https://origin.test/a'), { proxy: null, tls });
  t.match(ways.to('https://origin.test:8443/a'), { tls: { ca: 'CA', cert: null, key: null } });
  t.match(ways.to('http://origin.test/a'), { proxy, tls: { cert: null, key: null } });
  t.match(ways.to('http://cdn.test/a'), { proxy: null, tls: { ca: 'CA', cert: null } });
});

t.test('Ways: without proxy and certificates the way is undefined', async (t) => {
  t.equal(new Ways('http://a.test', undefined).to('http://a.test/x'), undefined);
  const none = { ca: null, cert: null, key: null };
  const plain = { proxies: { http: proxy, https: null }, noProxy: '', tls: none };
  t.equal(new Ways('https://a.test', plain).to('https://a.test/x'), undefined);
  t.equal(new Ways('http://127.0.0.1', plain).to('http://127.0.0.1/x'), undefined, 'loopback');
  const named = { ...plain, noProxy: null };
  t.match(new Ways('http://127.0.0.1', named).to('http://127.0.0.1/x'), { proxy }, 'but if named');
});

t.test('Ways: equal ways share connections, and keys hold no secret', async (t) => {
  const keyOf = (changed: Partial<OriginReach>) =>
    new Ways('http://a.test', { ...reach, ...changed }).to('http://a.test')?.key;
  const other = { ...proxy, authorization: null };
  t.equal(keyOf({}), keyOf({}));
  t.not(keyOf({}), keyOf({ proxies: { http: other, https: null } }));
  t.not(keyOf({}), keyOf({ tls: { ...tls, ca: 'another' } }));
  t.match(keyOf({}), /^[0-9a-f]{64}$/);
});

t.test('Ways: only http requests are sent to a proxy itself', async (t) => {
  const way = { proxy, tls, key: '' };
  t.equal(requestedProxy('http://a.test/', way), proxy);
  t.equal(requestedProxy('https://a.test/', way), null);
  t.equal(requestedProxy('http://a.test/', undefined), null);
});

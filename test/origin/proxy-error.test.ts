import t from 'tap';
import type { ProxyAddress } from '#src/model/reach.js';
import { answerOfProxy, proxyRefused, proxyUnreachable } from '#src/origin/proxy-error.js';

const proxy: ProxyAddress = {
  url: 'http://proxy.test:3128',
  authorization: null,
  setting: 'origins[2].proxy',
};

t.test('each refusal of a proxy names the proxy and the setting', async (t) => {
  t.match(proxyRefused(proxy, 407), {
    code: 'origin-proxy',
    retryable: false,
    message: /proxy\.test:3128 \(origins\[2\]\.proxy\).*407.*origins\[2\]\.proxyCredentialsFile/,
  });
  const known = { ...proxy, authorization: 'Basic c2VjcmV0', setting: 'HTTPS_PROXY' };
  const refused = proxyRefused(known, 407);
  t.match(refused.message, /does not accept .*HTTPS_PROXY/);
  t.notMatch(refused.message, 'c2VjcmV0');
  t.match(proxyRefused(proxy, 403), { retryable: false, message: /403.*not let this host/ });
  t.match(proxyRefused(proxy, 503), { retryable: true });
});

t.test('a failed connection to a proxy does not count against the origin', async (t) => {
  const refused = Object.assign(new Error('secret'), { code: 'ECONNREFUSED' });
  t.match(proxyUnreachable(proxy, refused), {
    code: 'origin-proxy',
    message: /proxy.*origins\[2\]\.proxy.*cannot be reached.*ECONNREFUSED/,
  });
  const full = Object.assign(new Error('x'), { code: 'EMFILE' });
  t.match(proxyUnreachable(proxy, full), { code: 'overload' }, 'nor of the proxy');
});

t.test("a proxy's own error page is not taken for the origin's answer", async (t) => {
  const own = (status: number, headers: Record<string, string>) =>
    answerOfProxy(proxy, { status, headers }) !== null;
  t.ok(own(407, {}));
  t.ok(own(503, { 'proxy-status': 'squid;error=connection_refused' }));
  t.ok(own(403, { 'x-squid-error': 'ERR_ACCESS_DENIED 0' }));
  t.ok(own(500, { server: 'tinyproxy/1.11.1' }));
  t.notOk(own(403, {}), "the origin's");
  t.notOk(own(404, { 'proxy-status': 'squid; received-status=404' }));
  t.notOk(own(200, { server: 'tinyproxy/1.11.1' }));
});

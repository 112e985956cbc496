import t from 'tap';
import { basic, proxySetting, readProxyEnvironment } from '#src/config/proxies.js';

t.test('a proxy setting is a URL without secrets, or none', async (t) => {
  t.equal(proxySetting.read('none'), 'none');
  t.equal(proxySetting.read('http://proxy.test:3128/'), 'http://proxy.test:3128');
  t.equal(proxySetting.read('https://[::1]:3128'), 'https://[::1]:3128');
  t.equal(proxySetting.read('proxy.test:3128'), 'http://proxy.test:3128');
  for (const text of [
    'http://user:pw@proxy.test:3128',
    'user@proxy.test:3128',
    'socks5://proxy.test',
    'http://proxy.test/path',
    'http://proxy.test?x',
    '',
    'http://',
    'not a url',
  ]) {
    t.equal(proxySetting.read(text), undefined, text);
  }
});

t.test('proxy variables are read in lower case first', async (t) => {
  const read = (env: Record<string, string>) => readProxyEnvironment(env);
  t.match(read({ http_proxy: 'http://low:1', HTTP_PROXY: 'http://up:2' }).proxies, {
    http: { url: 'http://low:1', setting: 'http_proxy', authorization: null },
    https: null,
  });
  t.match(read({ HTTPS_PROXY: 'up:2', https_proxy: ' ' }).proxies, {
    http: null,
    https: { url: 'http://up:2', setting: 'HTTPS_PROXY' },
  });
  t.match(read({ ALL_PROXY: 'http://all:1', HTTP_PROXY: 'http://own:1' }).proxies, {
    http: { setting: 'HTTP_PROXY' },
    https: { url: 'http://all:1', setting: 'ALL_PROXY' },
  });
  t.match(read({ HTTP_PROXY: 'http://us%40er:p%3Aw@up:2' }).proxies.http, {
    url: 'http://up:2',
    authorization: basic('us@er:p:w'),
  });
  t.match(read({ NO_PROXY: 'a.test', no_proxy: 'b.test' }), { noProxy: 'b.test', unusable: [] });
  t.same(read({ ALL_PROXY: 'socks5://s:1' }).unusable, ['ALL_PROXY']);
  t.same(read({ ALL_PROXY: 'socks5://s:1', http_proxy: 'a:1', https_proxy: 'b:1' }).unusable, []);
});

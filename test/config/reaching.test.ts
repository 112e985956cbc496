import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadConfig, loadWithSources } from '#src/config/load.js';
import { nested, shownSettings } from '#src/config/shown.js';

function input(t: Test, origin: string, env: Record<string, string> = {}) {
  const file = join(t.testdir({ credentials: 'user:hunter2' }), 'f.yaml');
  writeFileSync(file, `origins:\n  - url: http://a.test\n${origin}`);
  return { flags: { '--config': file }, env, homeDirectory: () => '/user' };
}

t.test("an origin's proxy is its own setting, else the environment's", async (t) => {
  const env = { HTTP_PROXY: 'http://env:1', NO_PROXY: 'x.test' };
  const reachOf = (origin: string) => loadConfig(input(t, origin, env)).origins[0]?.reach;
  t.match(reachOf(''), {
    proxies: { http: { url: 'http://env:1' }, https: null },
    noProxy: 'x.test',
  });
  t.match(reachOf('    proxy: none\n'), { proxies: { http: null, https: null }, noProxy: null });
  const own = { url: 'http://own:3', setting: 'origins[0].proxy' };
  t.match(reachOf('    proxy: http://own:3\n'), {
    proxies: { http: own, https: own },
    noProxy: null,
  });
});

t.test('proxy credentials come from a file and are never shown', async (t) => {
  const file = join(t.testdirName, 'credentials');
  const text = `    proxy: http://own:3\n    proxyCredentialsFile: ${file}\n`;
  const loaded = loadWithSources(input(t, text));
  const authorization = `Basic ${Buffer.from('user:hunter2').toString('base64')}`;
  t.match(loaded.config.origins[0]?.reach, { proxies: { http: { authorization } } });
  const shown = JSON.stringify(nested(shownSettings(loaded)));
  t.match(shown, file);
  t.notMatch(shown, 'hunter2');
  t.notMatch(shown, authorization);
});

t.test('an unusable proxy setting is a problem that shows no secret', async (t) => {
  const wrong = (origin: string, env = {}) => {
    try {
      loadConfig(input(t, origin, env));
      return '';
    } catch (error) {
      return String(error);
    }
  };
  const inline = wrong('    proxy: user:hunter2@own:3\n');
  t.match(inline, /origins\[0\]\.proxy.*proxyCredentialsFile/s);
  t.notMatch(inline, 'hunter2');
  const socks = wrong('', { ALL_PROXY: 'socks5://u:hunter2@own:3' });
  t.match(socks, /ALL_PROXY: found a proxy that cannot be used/);
  t.notMatch(socks, 'hunter2');
  t.equal(wrong('    proxy: none\n', { ALL_PROXY: 'socks5://own:3' }), '', 'the proxy is not used');
  t.match(wrong('    certFile: /x\n'), /origins\[0\]\.keyFile/);
  t.match(wrong('    proxyCredentialsFile: /x\n'), /origins\[0\]\.proxy: /);
});

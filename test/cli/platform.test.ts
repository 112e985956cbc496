import { readFileSync } from 'node:fs';
import t from 'tap';
import { platformObjection } from '#src/cli/platform.js';

t.test('platform checks accept supported systems and versions alone', async (t) => {
  for (const version of ['20.20.0', '20.21.5', '22.0.0', '24.1.0', '100.0.0']) {
    t.equal(platformObjection('linux', version), null, version);
    t.equal(platformObjection('darwin', version), null, version);
  }
  for (const version of ['20.19.9', '18.20.0', '9.99.9', '']) {
    t.match(
      platformObjection('linux', version),
      /needs Node\.js 20\.20 or later; this is/,
      version,
    );
  }
  t.match(platformObjection('win32', '24.0.0'), /Linux and macOS/);
});

t.test('package.json requires the same Node version', async (t) => {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  t.match(JSON.parse(text), { engines: { node: '>=20.20' }, os: ['linux', 'darwin'] });
});

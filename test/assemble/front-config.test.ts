import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { frontConfig } from '#src/assemble/front-config.js';
import { resolveCapacity } from '#src/config/capacity.js';
import { loadConfig } from '#src/config/load.js';
import { ownDirectory } from '../fixtures/own-directory.js';
import { ROOT } from '../fixtures/source-tree.js';

const [CERTIFICATE, KEY] = ['tls.crt', 'tls.key'].map((name) =>
  join(ROOT, 'test/fixtures', name),
) as [string, string];

t.test('a mount lends credentials when its origin has any configured', async (t) => {
  const mounts = (origins: object[], hub: object = {}) => {
    const cache = { directory: ownDirectory(t), capacity: '1GiB' };
    const text = JSON.stringify({ cache, origins, hub });
    const flags = { '--config': 'f.yaml' };
    const files: Readonly<Record<string, string>> = {
      'f.yaml': text,
      '/run/c.pem': readFileSync(CERTIFICATE, 'utf8'),
      '/run/k.pem': readFileSync(KEY, 'utf8'),
    };
    const config = loadConfig({ flags, env: {}, readText: (path) => files[path] ?? '' });
    return frontConfig(resolveCapacity(config).config).origins;
  };
  const url = 'http://origin.example';
  t.match(mounts([{ url }]), [{ isLent: false, isHub: false, cors: [] }]);
  t.match(mounts([{ url, headers: { 'x-key': 'k' } }]), [{ isLent: true }]);
  const certificate = { certFile: '/run/c.pem', keyFile: '/run/k.pem' };
  t.match(mounts([{ url, ...certificate }]), [{ isLent: true }], 'a client certificate is one too');
  const hub = { url, adapter: 'huggingface' };
  t.match(mounts([hub]), [{ isLent: false, isHub: true, cors: ['*'] }]);
  t.match(mounts([hub], { tokenFile: '/run/token' }), [{ isLent: true }]);
  t.match(mounts([{ url }], { tokenFile: '/run/token' }), [{ isLent: false }], 'not for hubs');
  t.match(mounts([{ ...hub, cors: [] }]), [{ cors: [] }]);
});

import t from 'tap';
import { configuredAddresses, summaryLines } from '#src/cli/summary.js';
import { resolveCapacity } from '#src/config/capacity.js';
import { loadConfig } from '#src/config/load.js';

t.test('the summary describes listeners, cache and origins of a configuration', async (t) => {
  const text = JSON.stringify({
    admin: { enabled: false },
    cache: { directory: '/c', capacity: '1GiB' },
    origins: [
      { url: 'http://a', mount: '/a' },
      { url: 'http://b', name: 'bee', integrity: 'strict' },
    ],
  });
  const capacity = resolveCapacity(
    loadConfig({ flags: { '--config': 'f' }, env: {}, readText: () => text }),
  );
  t.same(summaryLines(capacity, configuredAddresses(capacity)), [
    'listen   http://127.0.0.1:7080',
    'admin    off',
    'origin   /a -> http://a (a-a)',
    'origin   / -> http://b (bee, strict integrity)',
    'cache    /c, chunks of 8 MiB',
    'capacity 1 GiB: as configured',
  ]);
});

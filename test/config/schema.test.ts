import t from 'tap';
import type { FetchLimits } from '#src/model/fetch.js';
import { configSchema, fileSchema, type FillConfig } from '#src/config/schema.js';

const cache = { directory: '/x' };

t.test('every setting of the file has its place in the configuration, with its unit', async (t) => {
  const named = configSchema.parse({ cache }) as unknown as Record<string, Record<string, unknown>>;
  for (const [section, type] of Object.entries(fileSchema.shape)) {
    if (section === 'origins') continue;
    const shape = 'unwrap' in type ? type.unwrap() : type;
    const keys = Object.keys('shape' in shape ? shape.shape : {});
    const names = Object.keys(named[section] ?? {});
    t.equal(names.length, keys.length, section);
    for (const key of keys) {
      t.ok(
        names.some((name) => name.startsWith(key)),
        `${section}.${key}`,
      );
    }
  }
});

t.test('the fill limits are the fill section itself', async (t) => {
  const fill: FillConfig & FetchLimits = configSchema.parse({ cache }).fill;
  t.match(fill, { connectTimeoutMs: 5000, minRateBytesPerSecond: 16384, retryCapMs: 2000 });
});

t.test('the defaults satisfy the rules', async (t) => {
  t.ok(configSchema.safeParse({ cache }).success);
  t.ok(configSchema.safeParse({ cache: { ...cache, capacity: '128MiB' } }).success, 'the minimum');
  t.notOk(configSchema.safeParse({ cache: { ...cache, capacity: 128 * 2 ** 20 - 1 } }).success);
});

import t from 'tap';
import { resolveCapacity } from '#src/config/capacity.js';
import { catalog } from '#src/config/catalog.js';
import { loadConfig } from '#src/config/load.js';
import { isLive, planReload, settingKey } from '#src/config/reload.js';
import type { ResolvedConfig } from '#src/config/schema.js';

function load(text: string): ResolvedConfig {
  const flags = { '--config': 'a.yaml', '--cache-dir': '/cache' };
  return resolveCapacity(loadConfig({ flags, env: {}, readText: () => text })).config;
}

const RUNNING = load('cache: {capacity: 1GiB}');

t.test('reload applies live settings, and keeps and lists the others', async (t) => {
  const wanted = load(`
    listen: {address: '127.0.0.1:9', maxConnections: 5, drainTimeout: 1s}
    cache: {capacity: 2GiB, chunkSize: 4MiB}
    fill: {threads: 3, minRate: 1MiB, requestTimeout: 90s}
    log: {level: debug, format: text}
    origins: [{url: 'http://other.example'}]
  `);
  const { config, needsRestart } = planReload(RUNNING, wanted);
  t.same(needsRestart, ['listen.address', 'cache.chunkSize', 'fill.threads']);
  t.same(config, {
    ...wanted,
    listen: { ...wanted.listen, address: RUNNING.listen.address },
    cache: { ...wanted.cache, chunkSizeBytes: RUNNING.cache.chunkSizeBytes },
    fill: { ...wanted.fill, threads: RUNNING.fill.threads },
  });
});

t.test('reload of an equal configuration changes nothing', async (t) => {
  t.same(planReload(RUNNING, load('cache: {capacity: 1GiB}')), {
    config: RUNNING,
    needsRestart: [],
  });
});

t.test('a capacity that is too small for the running lanes needs a restart', async (t) => {
  const wanted = load('{fill: {threads: 1, connectionsPerThread: 1}, cache: {capacity: 72MiB}}');
  const { config, needsRestart } = planReload(RUNNING, wanted);
  t.equal(config.cache.capacityBytes, RUNNING.cache.capacityBytes);
  t.same(needsRestart, ['fill.threads', 'fill.connectionsPerThread', 'cache.capacity']);
});

t.test('live settings have the same names in the program and in the file', async (t) => {
  const own = Object.entries(RUNNING)
    .filter(([section]) => section !== 'origins')
    .flatMap(([section, values]) => Object.keys(values).map((name) => settingKey(section, name)));
  const documented = catalog.map(({ key }) => key).filter((key) => !key.startsWith('origins'));
  t.same(own.sort(), documented.sort());
  t.ok(isLive('origins[].url'));
  t.ok(isLive('log.level'));
  t.notOk(isLive('cache.directory'));
  t.notOk(isLive('a.settingOfTomorrow'));
});

import { readFile } from 'node:fs/promises';
import { Registry } from 'prom-client';
import t from 'tap';
import { createInstruments } from '#src/telemetry/instruments.js';

t.test(
  'every instrument is named as Prometheus wants, and stands in docs/METRICS.md',
  async (t) => {
    const registry = new Registry();
    createInstruments(registry);
    const documented = await readFile(new URL('../../../docs/METRICS.md', import.meta.url), 'utf8');
    const all = await registry.getMetricsAsJSON();
    t.ok(all.length > 20);
    for (const { name, type, help } of all) {
      t.match(name, /^forebay_[a-z_]+$/);
      t.equal(
        name.endsWith('_total'),
        String(type) === 'counter',
        `${name}: counters end in _total`,
      );
      t.ok(help.endsWith('.'), `${name} is described`);
      t.ok(documented.includes(`\`${name}`), `${name} is documented`);
    }
    const names = new Set(all.map(({ name }) => name));
    for (const [, name = ''] of documented.matchAll(/`(forebay_[a-z_]+)/g)) {
      t.ok(names.has(name), `${name} exists`);
    }
  },
);

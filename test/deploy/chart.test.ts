/** The Helm chart: its schema, its values, and what its templates ask of them. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { dirname } from 'node:path';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { configJsonSchema } from '#src/config/json-schema.js';
import { configOf, quantityBytes } from '../fixtures/deployed.js';
import { filesBelow, readText } from '../fixtures/source-tree.js';

const CHART = 'deploy/helm/forebay';

interface Values {
  readonly config: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly cache: { readonly emptyDir: { readonly sizeLimit: string } };
  readonly terminationGracePeriodSeconds: number;
}

const values = parse(readText(`${CHART}/values.yaml`)) as Values;
const schema = JSON.parse(readText(`${CHART}/values.schema.json`)) as {
  readonly properties: Readonly<Record<string, unknown>>;
};
const valid = new Ajv2020({ allowUnionTypes: true }).compile(schema);

t.test("chart: its versions equal the package's", async (t) => {
  const { version } = JSON.parse(readText('package.json')) as { version: string };
  t.match(parse(readText(`${CHART}/Chart.yaml`)), { version, appVersion: version });
});

t.test('chart: its values fit its schema, which refuses unknown values', async (t) => {
  t.ok(valid(values), JSON.stringify(valid.errors));
  t.same(Object.keys(values).sort(), Object.keys(schema.properties).filter(isOwn).sort());
  for (const wrong of [
    { ...values, imag: {} },
    { ...values, cache: { type: 'tmpfs' } },
    { ...values, config: { cache: { capacty: '1GiB' } } },
    { ...values, config: { listen: { address: '0.0.0.0:1' } } },
  ]) {
    t.notOk(valid(wrong));
  }
});

/** Helm gives `global` to every chart. */
function isOwn(name: string): boolean {
  return name !== 'global';
}

t.test("chart: its schema of `config` is the program's: else run `npm run docs`", async (t) => {
  const ofTheChart = { listen: ['address'], admin: ['address', 'enabled'], cache: ['directory'] };
  const expected = configJsonSchema();
  for (const [section, names] of Object.entries(ofTheChart)) {
    const { properties = {} } = expected.properties?.[section] as typeof expected;
    for (const name of names) Reflect.deleteProperty(properties, name);
  }
  const { description, ...config } = schema.properties['config'] as Record<string, unknown>;
  t.ok(description);
  delete expected.$schema;
  t.same(config, JSON.parse(JSON.stringify(expected)));
});

t.test('chart: the default values render a configuration that fits the volume', async (t) => {
  const helpers = readText(`${CHART}/templates/_helpers.tpl`);
  const own = [...helpers.matchAll(/"(\w+)" \(dict "(\w+)" "([^"]+)"\)/g)];
  t.equal(own.length, 3);
  const file: Record<string, Record<string, unknown>> = structuredClone({ ...values.config });
  for (const [, section = '', name = '', value] of own) {
    file[section] = { ...file[section], [name]: value };
  }
  const config = configOf(stringify(file));
  const limit = quantityBytes(values.cache.emptyDir.sizeLimit);
  t.ok(Number(config.cache.capacityBytes) <= 0.92 * limit, 'room in the volume');
  const graceMs = values.terminationGracePeriodSeconds * 1000;
  t.ok(graceMs >= config.listen.drainTimeoutMs + 10_000, 'time to drain');
  const daemonset = readText(`${CHART}/templates/daemonset.yaml`);
  const mountPath = dirname(config.cache.directory);
  t.equal(mountPath, '/var/cache/forebay', 'a directory in the volume, which belongs to root');
  t.match(daemonset, `mountPath: ${mountPath}\n`);
  t.match(helpers, `"directory" "${mountPath}" }}`, "a node's own path belongs to us");
  t.match(daemonset, `containerPort: ${String(config.listen.address.port)}`);
  t.match(daemonset, `containerPort: ${String(config.admin.address.port)}`);
});

t.test('chart: its templates use only values that exist', async (t) => {
  const templates = filesBelow(`${CHART}/templates`).map(readText).join('\n');
  const asked = [...templates.matchAll(/\.Values\.([\w.]+)/g)].map(([, path = '']) => path);
  t.ok(asked.length > 20);
  // Origins are Forebay's own default where there are none.
  const missing = asked.filter((path) => path !== 'config.origins' && !isThere(path));
  t.same(missing, []);
  const used = new Set(asked.map((path) => path.split('.')[0]));
  t.same(
    Object.keys(values).filter((name) => !used.has(name)),
    [],
    'and every value is asked for',
  );
});

function isThere(path: string): boolean {
  let value: unknown = values;
  for (const part of path.split('.'))
    value = (value as Record<string, unknown> | undefined)?.[part];
  return value !== undefined;
}

import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { parse } from 'yaml';
import { catalog } from '#src/config/catalog.js';
import { configDocument } from '#src/config/docs.js';
import { configJsonSchema } from '#src/config/json-schema.js';

const valid = new Ajv2020({ allowUnionTypes: true }).compile(configJsonSchema());

/** The keys of a schema, written as the catalog does. */
function keysOf(schema: unknown, prefix: string): readonly string[] {
  const { type, properties, items } = schema as {
    readonly type?: string;
    readonly properties?: Readonly<Record<string, unknown>>;
    readonly items?: unknown;
  };
  if (type === 'array') return [prefix, ...keysOf(items, `${prefix}[]`)];
  if (properties === undefined) return [prefix];
  return Object.entries(properties).flatMap(([name, inner]) =>
    keysOf(inner, prefix === '' ? name : `${prefix}.${name}`),
  );
}

t.test('the JSON schema has every setting and no other', async (t) => {
  const keys = new Set(keysOf(configJsonSchema(), ''));
  t.same(
    catalog.filter(({ key }) => !keys.has(key)).map(({ key }) => key),
    [],
  );
  const known = new Set(catalog.flatMap(({ key, section }) => [key, section.replace(/\[\]$/, '')]));
  t.same(
    [...keys].filter((key) => !known.has(key) && !known.has(key.replace(/\[\]$/, ''))),
    [],
  );
});

t.test('the JSON schema accepts the example, an empty file and a secret file', async (t) => {
  const example = /```yaml\n([\s\S]*?)```/.exec(configDocument())?.[1] ?? '';
  t.ok(valid(parse(example)), JSON.stringify(valid.errors));
  t.ok(valid({}), JSON.stringify(valid.errors));
  t.ok(valid({ origins: [{ url: 'http://a', headers: { a: 'b', c: { file: '/c' } } }] }));
});

t.test('the JSON schema refuses misspelt keys and wrong types', async (t) => {
  for (const wrong of [
    { cach: {} },
    { cache: { capacty: '1GiB' } },
    { fill: { threads: 'many' } },
    { origins: [{}] },
    { origins: [{ url: 'http://a', headers: { a: { fil: '/c' } } }] },
  ]) {
    t.notOk(valid(wrong), JSON.stringify(wrong));
  }
});

t.test('the JSON schema describes each setting', async (t) => {
  t.match(configJsonSchema().properties?.['listen'], {
    properties: { address: { description: /^The address that clients connect to/ } },
  });
});

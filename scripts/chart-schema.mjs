/**
 * Writes what the Helm chart's values.schema.json says of `config`, from the configuration's own
 * schema. `npm run docs` calls it; it runs on what is compiled.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configJsonSchema } from '../dist/config/json-schema.js';

const FILE = fileURLToPath(new URL('../deploy/helm/forebay/values.schema.json', import.meta.url));

/** What the chart sets itself: probes, ports and volumes depend on it. */
const OF_THE_CHART = { listen: ['address'], admin: ['address', 'enabled'], cache: ['directory'] };

const config = configJsonSchema();
delete config.$schema;
config.description = 'The configuration file: docs/CONFIG.md lists every setting.';
for (const [section, names] of Object.entries(OF_THE_CHART)) {
  for (const name of names) delete config.properties[section].properties[name];
}
const schema = JSON.parse(readFileSync(FILE, 'utf8'));
schema.properties.config = config;
writeFileSync(FILE, `${JSON.stringify(schema, null, 2)}\n`);

/** Generates docs/CONFIG.md from the schema. Called by `forebay config doc`. */
import { catalog, type CatalogEntry, CONFIG_ENV, CONFIG_FLAG, ORIGIN_ENV } from './catalog.js';
import { isLive } from './reload.js';

const SECTIONS: Readonly<Record<string, string>> = {
  listen: 'The listener for clients.',
  admin: 'The listener for health and metrics.',
  cache: 'The cache directory and its size.',
  fill: 'How missing chunks are fetched, and the limit of every wait.',
  'origins[]':
    'The list of origins, each with its mount. Without it Forebay mirrors https://huggingface.co at `/`, ' +
    'with redirects to `*.hf.co`, `*.huggingface.co` and `*.xethub.hf.co`.',
  'origins[].digests[]':
    'Digests that an origin does not send itself, or that you trust more than its own.',
  log: 'The log.',
  tracing: 'The export of spans.',
};

const OPENING = `# Configuration

<!-- Written by \`forebay config doc\` from src/config/schema.ts. Change that, then run \`npm run docs\`. -->

Every setting has a default: \`forebay serve\` runs without any configuration. A setting is looked up in these places;
the first that has it wins:

1. flags (\`forebay serve --help\`),
2. environment variables; an empty one counts as not set,
3. the YAML file that \`${CONFIG_FLAG} FILE\` or \`${CONFIG_ENV}\` names,
4. the defaults below.

\`--origin URL\` or \`${ORIGIN_ENV}\` replaces the whole list of origins by one origin, at \`/\`.

Sizes are numbers of bytes, or have a unit: \`64MB\` (powers of 1000), \`10GiB\` (powers of 1024).
Durations always have a unit: \`250ms\`, \`30s\`, \`2m\`, \`1h\`. Relative paths start at the working directory.

SIGHUP loads the whole configuration anew while requests go on. If it has an error, the running configuration stays.
Settings marked \`Needs a restart\` keep their values until then, and the log names those that changed.

Unknown keys and variables are errors. All errors are reported at once, each with its position, the value found there and
the value expected. \`forebay validate\` only checks the configuration, \`forebay config show\` prints the result of all
layers; see [CLI.md](CLI.md).

\`\`\`yaml
cache:
  directory: /var/cache/forebay
  capacity: 400GiB
origins:
  - mount: /hub
    url: https://huggingface.co
    redirectHosts: ['*.hf.co', '*.huggingface.co', '*.xethub.hf.co']
    headers:
      authorization: { file: /run/secrets/hub-authorization }
  - mount: /models
    url: https://models.example.org/weights
    digests:
      - pattern: /llama/**/model-00001-of-00002.safetensors
        digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
\`\`\`
`;

const CLOSING = `
## Rules between keys

- \`cache.capacity\` is at least 8 chunks and one for each fill lane (\`fill.threads\` times \`fill.connectionsPerThread\`,
  where at most 4 a thread count): 128 MiB with the defaults. \`auto\` takes this minimum if there is less room. Further
  lanes are used only as far as the capacity has chunks beyond 8.
- \`cache.serveThroughMemory\` is at least one chunk.
- \`listen.headersTimeout\` is at most \`listen.requestTimeout\`.
- \`fill.requestTimeout\` is at least \`fill.connectTimeout\` and \`fill.firstByteTimeout\` together.
- \`fill.retryBase\` is at most \`fill.retryCap\`.
- \`admin.address\` and \`listen.address\` differ.
- No two origins have the same \`mount\` or the same \`name\`.
`;

/** Returns the text of docs/CONFIG.md, with its final newline. */
export function configDocument(): string {
  const sections = [...new Set(catalog.map((entry) => entry.section))].map(sectionText);
  return `${OPENING}${sections.join('')}${CLOSING}`;
}

function sectionText(section: string): string {
  const rows = catalog.filter((entry) => entry.section === section).map(row);
  return [
    '',
    `## \`${section}\``,
    '',
    SECTIONS[section] ?? '',
    '',
    '| key | type | default | environment, flag | meaning |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function row(entry: CatalogEntry): string {
  const byDefault = entry.defaultText === null ? 'required' : `\`${entry.defaultText}\``;
  const meaning = isLive(entry.key) ? entry.meaning : `${entry.meaning} Needs a restart.`;
  const names = [entry.env, entry.flag].flatMap((name) => (name === null ? [] : `\`${name}\``));
  return `| ${[`\`${entry.name}\``, entry.type, byDefault, names.join(', '), meaning].join(' | ')} |`;
}

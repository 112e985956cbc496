/** Text that somebody else chose costs its length, whatever it is. */
import t from 'tap';
import { filesBelow, readText, ROOT } from '../fixtures/source-tree.js';
import { NASTY } from '../fixtures/parser-row.js';
import { PARSERS } from '../fixtures/parsers.js';
import { MAX_GROWTH, worstGrowth } from '../fixtures/scaling.js';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '../fixtures/program-random.js';

/** A search for each of a hundred parsers, on a busy machine. */
t.setTimeout(200_000);

t.test('parsers take at most six times as long for four times the text', async (t) => {
  const { below } = seededRandom(t);
  for (const { file, what, run, pieces } of PARSERS) {
    const found = worstGrowth(run, [...NASTY, ...pieces, ...pieces], below(2 ** 31));
    const shape = JSON.stringify(found.shape);
    t.ok(
      found.factor <= MAX_GROWTH,
      `${file} ${what}: ${found.factor.toFixed(1)} times by ${shape}`,
    );
  }
});

t.test('the search finds texts that make regular expressions backtrack', async (t) => {
  const slow: Readonly<Record<string, RegExp>> = {
    'white space before the end': /[ \t]+$/g,
    'white space around a comma': /\s*,\s*/g,
  };
  for (const [name, expression] of Object.entries(slow)) {
    const { factor } = worstGrowth((text) => text.replace(expression, ''), NASTY, 1, 2048);
    t.ok(factor > MAX_GROWTH, `${name}: ${String(factor)}`);
  }
});

/** Rooms that text from the network comes into. */
const ROOMS = ['model', 'origin', 'store', 'compute', 'cache', 'hub', 'http', 'admin', 'telemetry'];

/** What takes a text apart, or looks for something in it. */
const TAKES_APART =
  /\.(?:exec|test|match|matchAll|search|split|replace|replaceAll)\(|field-syntax\.js|structured-headers/;

/** Files that take a text apart and are in no row, and why. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'src/origin/chunked-body.ts': 'bytes, one by one; its lines are bounded',
  'src/hub/json-reader.ts': 'bytes, one by one',
  'src/http/request/raw-target.ts': 'bytes, one by one',
  'src/store/directory/cache-key.ts': 'a file of ours',
  'src/store/directory/sequence.ts': 'a file of ours',
  'src/model/ids.ts': 'one expression of fixed length',
  'src/origin/address.ts': 'addresses in their canonical form',
  'src/origin/connect.ts': 'the host of a URL that is configured or was judged',
  'src/origin/no-proxy.ts': "an operator's list, and hosts of bounded length",
  'src/origin/roots.ts': 'certificates of our own machine',
  'src/origin/request-head.ts': 'asks model/field-syntax of each name and value',
  'src/origin/transport-error.ts': 'codes of our own machine',
  'src/origin/undici-exchange.ts': 'asks model/field-syntax of each value',
  'src/origin/upstreams.ts': 'a method of its own name',
  'src/model/errno.ts': 'codes of our own machine',
  'src/store/directory/layout.ts': 'names in our own directory',
  'src/store/directory/root.ts': 'the path of the cache directory, and links of this machine',
  'src/store/directory/lock-probe.ts': 'names in our own directory',
  'src/store/directory/cache-directory.ts': 'names in our own directory',
  'src/compute/addon-error.ts': 'messages of our own addon',
  'src/hub/head-client.ts': 'the beginning of a Location',
  'src/hub/passed.ts': 'names of fields, by their beginnings',
  'src/http/exchange/interim.ts': 'names of fields, by their beginnings',
  'src/http/reply/respond.ts': 'names of fields, by their beginnings',
  'src/http/hits/hot-hit-head.ts': 'fields that we wrote',
  'src/admin/hub-client.ts': 'characters, one by one',
  'src/admin/hub-model.ts': 'names of bounded length',
  'src/admin/server.ts': 'our own paths',
  'src/telemetry/metrics-docs.ts': 'our own names',
};

t.test('every file that parses text is in the table of parsers', async (t) => {
  const listed = new Set(PARSERS.map(({ file }) => `src/${file}.ts`));
  const files = ROOMS.flatMap((room) => filesBelow(`src/${room}`));
  const found = files.filter((file) => TAKES_APART.test(code(readText(file))));
  const missing = found.filter((file) => !listed.has(file) && !Object.hasOwn(ELSEWHERE, file));
  t.same(missing, []);
  const excuses = Object.keys(ELSEWHERE);
  t.same(
    excuses.filter((file) => listed.has(file) || !found.includes(file)),
    [],
  );
  t.same(
    [...listed].filter((file) => !existsSync(join(ROOT, file))),
    [],
  );
});

/** Without comments, which take nothing apart. */
function code(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
}

t.test('fields are trimmed as HTTP requires, and one module knows tokens', async (t) => {
  const others = ROOMS.flatMap((room) => filesBelow(`src/${room}`)).filter(
    (file) => file !== 'src/model/field-syntax.ts',
  );
  const ofText = ['origin', 'cache', 'hub', 'http', 'model'];
  const trimming = others.filter(
    (file) =>
      ofText.includes(file.split('/')[1] ?? '') &&
      /\.trim(?:Start|End)?\(/.test(code(readText(file))),
  );
  t.same(trimming, [], 'String.trim takes a no-break space too');
  t.same(
    others.filter((file) => readText(file).includes("!#$%&'*+")),
    [],
    'the characters of a token',
  );
});

/** What the documents say: generated ones from their source, the others of what is there. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { configDocument } from '#src/config/docs.js';
import type { RefusalReason } from '#src/http/request/screen.js';
import { statusOfError, statusOfRefusal } from '#src/http/reply/status.js';
import type { ErrorCode } from '#src/model/errors.js';
import { metricsDocument } from '#src/telemetry/metrics-docs.js';
import { filesBelow, readText, ROOT } from '../fixtures/source-tree.js';

t.test('docs/CONFIG.md equals the schema: else run `npm run docs`', async (t) => {
  t.equal(readText('docs/CONFIG.md'), configDocument());
});

t.test('docs/METRICS.md equals the instruments: else run `npm run docs`', async (t) => {
  t.equal(readText('docs/METRICS.md'), metricsDocument());
});

t.test('docs/ERRORS.md names every code with its status', async (t) => {
  const codes = membersOf('ErrorCode', 'src/model/errors.ts') as ErrorCode[];
  const refusals = [
    ...membersOf('TargetRefusal', 'src/http/request/route.ts'),
    ...membersOf('RefusalReason', 'src/http/request/screen.ts'),
  ] as RefusalReason[];
  t.ok(codes.length > 0 && refusals.length > 0);
  const documented = new Map(
    [...readText('docs/ERRORS.md').matchAll(/^\| `([a-z-]+)` .*\| (\d{3})\b[^|]*\|$/gm)].map(
      ([, code = '', status]) => [code, Number(status)],
    ),
  );
  const statuses = new Map<string, number>([
    ...codes.map((code) => [code, statusOfError(code)] as const),
    ...refusals.map((reason) => [reason, statusOfRefusal(reason).status] as const),
  ]);
  t.same(documented, statuses);
});

/** The texts of a union of texts. */
function membersOf(type: string, file: string): readonly string[] {
  const union = new RegExp(`export type ${type} =([^;]*);`).exec(readText(file))?.[1] ?? '';
  return [...union.matchAll(/'([a-z-]+)'/g)].map(([, member = '']) => member);
}

/** Rooms of src, and other folders of which documents name files. */
const NAMED =
  /`((?:src|native|test|bench|scripts|deploy|docs|model|config|origin|store|compute|worker|telemetry|cache|send|hub|http|admin|assemble|cli)\/[\w./-]+)`/g;

t.test('each file that a document names exists', async (t) => {
  const documents = filesBelow('.').filter(
    (path) => path.endsWith('.md') && path !== 'CHANGELOG.md',
  );
  t.not(documents.length, 0);
  const missing = documents.flatMap((document) =>
    [...readText(document).matchAll(NAMED)]
      .map(([, name = '']) => name)
      .filter((name) => !isThere(name))
      .map((name) => `${document}: ${name}`),
  );
  t.same(missing, []);
});

t.test('each relative link of a document leads to a file', async (t) => {
  const documents = filesBelow('.').filter((path) => path.endsWith('.md'));
  const broken = documents.flatMap((document) =>
    [...readText(document).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !existsSync(join(ROOT, dirname(document), link)))
      .map((link) => `${document}: ${link}`),
  );
  t.same(broken, []);
});

/** As it is written, or a source of a room without its ending. */
function isThere(name: string): boolean {
  const below = ['', 'src/'].flatMap((root) =>
    ['', '.ts', '.test.ts', '.h', '.cc', '.mjs'].map((ending) => root + name + ending),
  );
  return below.some((path) => existsSync(join(ROOT, path)));
}

t.test('no file names the machine or registry it was written with', async (t) => {
  const places = new RegExp(
    [
      String.raw`(?<![\w.~])/(?:home|root|Users|work)/\w`,
      String.raw`registry\.(?:npmjs|yarnpkg)|artifactory|codeartifact|"resolved":`,
    ].join('|'),
    'i',
  );
  // The file that lists what to look for would find itself.
  const found = filesBelow('.')
    .filter((path) => path !== 'test/tidy/docs.test.ts')
    .flatMap((path) => {
      const place = places.exec(readText(path))?.[0];
      return place === undefined ? [] : [`${path}: ${place}`];
    });
  t.same(found, []);
});

/**
 * `forebay.json`: marks a directory as a cache of Forebay, with its format and chunk size.
 * store/directory/cache-directory checks it under the lock, before it reads anything else.
 */
import { closeSync, constants, fsyncSync, openSync, readdirSync, writeSync } from 'node:fs';
import { isMissing } from './errno.js';
import { FORMAT_VERSION, type Layout } from './layout.js';
import { Ownership } from './ownership.js';
import { StartupError } from './startup-error.js';

const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;
const FILE_MODE = 0o600;

/** Names of Forebay in the root. Without `forebay.json` they belong to something else. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  'chunks',
  'manifests',
  'responses',
  'order',
  'pins',
  'tmp',
]);

interface Format {
  readonly format: number;
  readonly chunkSizeBytes: number;
}

/**
 * Reads the file, or writes it into a directory without Forebay's names. Throws a `StartupError`
 * for another format, chunk size or owner, or the system's error.
 */
export function checkFormat(
  layout: Layout,
  chunkSizeBytes: number,
  own: Ownership = new Ownership(),
): void {
  const text = readIfThere(layout.format, own);
  if (text === undefined) refuseForeign(layout);
  const stated = text === undefined ? undefined : parseFormat(text);
  // A power cut can leave the file empty; every manifest holds the same facts.
  if (stated === undefined) write(layout.format, { format: FORMAT_VERSION, chunkSizeBytes });
  else compare(stated, layout, chunkSizeBytes);
}

function compare(stated: Format, layout: Layout, chunkSizeBytes: number): void {
  const { root } = layout;
  const path = layout.shown(layout.format);
  if (stated.format !== FORMAT_VERSION) {
    const versions = `format ${String(stated.format)}; this is format ${String(FORMAT_VERSION)}`;
    throw new StartupError('cache-format', path, `the cache directory ${root} has ${versions}`);
  }
  if (stated.chunkSizeBytes !== chunkSizeBytes) {
    const sizes = `${String(stated.chunkSizeBytes)} bytes, not ${String(chunkSizeBytes)}`;
    throw new StartupError(
      'cache-chunk-size',
      path,
      `the cache directory ${root} was made with chunks of ${sizes}: set that size or another directory`,
    );
  }
}

/** `tmp/` is emptied at every start: better be sure that it is ours. */
function refuseForeign({ base, root }: Layout): void {
  const foreign = readdirSync(base).find((name) => OWN_NAMES.has(name));
  if (foreign === undefined) return;
  throw new StartupError(
    'cache-format',
    root,
    `${root} has a ${foreign} but no forebay.json: it is not a cache directory of Forebay`,
  );
}

function readIfThere(path: string, own: Ownership): string | undefined {
  try {
    return own.readSync(path).toString('utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The only file that is synced: without it the whole cache would be refused. */
function write(path: string, content: Format): void {
  const fd = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, FILE_MODE);
  try {
    writeSync(fd, `${JSON.stringify(content)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function parseFormat(text: string): Format | undefined {
  try {
    const { format, chunkSizeBytes } = JSON.parse(text) as Record<string, unknown>;
    return typeof format === 'number' && typeof chunkSizeBytes === 'number'
      ? { format, chunkSizeBytes }
      : undefined;
  } catch {
    return undefined;
  }
}

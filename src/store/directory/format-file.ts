/**
 * `forebay.json`: marks a directory as a Forebay cache and records its format and chunk size.
 * store/directory/cache-directory checks it under the lock, before anything else in the directory
 * is read.
 */
import { closeSync, constants, fsyncSync, openSync, readdirSync, writeSync } from 'node:fs';
import { isMissing } from './errno.js';
import { FORMAT_VERSION, type Layout } from './layout.js';
import { Ownership } from './ownership.js';
import { StartupError } from './startup-error.js';

const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;
const FILE_MODE = 0o600;

/** Forebay's names in the root. Without `forebay.json`, they belong to another program. */
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
 * Reads the file, or writes it into a directory that has none of `OWN_NAMES`. Throws a
 * `StartupError` for another format or chunk size or for a directory of another program, or the
 * system's error.
 */
export function checkFormat(
  layout: Layout,
  chunkSizeBytes: number,
  own: Ownership = new Ownership(),
): void {
  const text = readIfThere(layout.format, own);
  if (text === undefined) refuseForeign(layout);
  const found = text === undefined ? undefined : parseFormat(text);
  // A power cut can leave the file empty. Every manifest has the chunk size as well.
  if (found === undefined) write(layout.format, { format: FORMAT_VERSION, chunkSizeBytes });
  else compare(found, layout, chunkSizeBytes);
}

function compare(found: Format, layout: Layout, chunkSizeBytes: number): void {
  const { root } = layout;
  const path = layout.shown(layout.format);
  if (found.format !== FORMAT_VERSION) {
    throw new StartupError(
      'cache-format',
      path,
      `the cache directory ${root} has format ${String(found.format)}, and this version reads ` +
        `format ${String(FORMAT_VERSION)}: name another directory with \`--cache-dir\` ` +
        '(`cache.directory`)',
    );
  }
  if (found.chunkSizeBytes !== chunkSizeBytes) {
    const sizes = `${String(found.chunkSizeBytes)} bytes, not ${String(chunkSizeBytes)}`;
    throw new StartupError(
      'cache-chunk-size',
      path,
      `the cache directory ${root} was made with chunks of ${sizes}: set that size or another directory`,
    );
  }
}

/** Rejects a directory of another program, as every start deletes the files in `tmp/`. */
function refuseForeign({ base, root }: Layout): void {
  const foreign = readdirSync(base).find((name) => OWN_NAMES.has(name));
  if (foreign === undefined) return;
  throw new StartupError(
    'cache-format',
    root,
    `${root} has a ${foreign} but no forebay.json, so it is not a cache directory of Forebay: name ` +
      'another directory with `--cache-dir` (`cache.directory`)',
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

/** Writes and syncs the file. No other file is synced: without this one the cache is refused. */
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

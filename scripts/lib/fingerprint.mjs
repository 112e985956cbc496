/**
 * Decides what is stale: a step leaves a stamp, the hash of everything it was made from, beside
 * what it made. Contents count, not times, so that a checkout or a copy builds nothing anew.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Hashes files and directories (with all that is below them) relative to `root`, and any further
 * facts. What is missing counts as missing.
 */
export function fingerprint(root, paths, facts = []) {
  const hash = createHash('sha256');
  for (const fact of facts) hash.update(`fact\0${fact}\0`);
  for (const path of paths.flatMap((path) => filesBelow(root, path))) {
    hash
      .update(`file\0${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0');
  }
  return hash.digest('hex');
}

/** True when `stampFile` holds this very fingerprint. */
export function isFresh(stampFile, expected) {
  try {
    return readFileSync(stampFile, 'utf8') === expected;
  } catch {
    return false;
  }
}

/** Notes that what lies beside `stampFile` was made from this fingerprint. */
export function leaveStamp(stampFile, value) {
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, value);
}

/** Paths of all files at or below `path`, sorted: the order must not depend on the file system. */
function filesBelow(root, path) {
  let entries;
  try {
    entries = readdirSync(join(root, path), { withFileTypes: true });
  } catch (error) {
    if (error.code === 'ENOTDIR') return [path];
    if (error.code === 'ENOENT') return [];
    throw error;
  }
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => filesBelow(root, `${path}/${entry.name}`));
}

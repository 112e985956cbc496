/** Checks of two limits of the system: open files, and connections that wait to be accepted. */
import { readFileSync } from 'node:fs';
import { descriptorLimit } from '../../config/descriptors.js';
import { usableLanes } from '../../config/lanes.js';
import type { ResolvedConfig } from '../../config/schema.js';
import { LISTEN_BACKLOG } from '../../http/exchange/listen.js';
import { type Finding, ok, warn } from './finding.js';

/** Beside connections: chunk files that are kept open, the log, libraries, eventfds. */
const OTHER_DESCRIPTORS = 1024;

/** Reads a file of the system; `null` if there is none. */
export type ReadSystemFile = (path: string) => string | null;

/** The system's files. */
export const readSystemFile: ReadSystemFile = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};

/** Both checks; on systems without these files they are left out. */
export function checkLimits(config: ResolvedConfig, read: ReadSystemFile): readonly Finding[] {
  return [...checkDescriptors(config, read), ...checkBacklog(read)];
}

function checkDescriptors(config: ResolvedConfig, read: ReadSystemFile): readonly Finding[] {
  const limit = descriptorLimit(read);
  if (limit === null) return [];
  const { listen, cache, fill, origins } = config;
  // A connection of a client reads one file at a time.
  const need =
    2 * listen.maxConnections +
    usableLanes(cache, fill) +
    origins.reduce((sum, { maxConnections }) => sum + maxConnections, 0) +
    OTHER_DESCRIPTORS;
  const said = Number.isFinite(limit) ? String(limit) : 'unlimited';
  const found = `${said} open files; listen.maxConnections = ${String(listen.maxConnections)} may take ${String(need)}`;
  if (limit >= need) return [ok('descriptors', found)];
  const advice = `Raise LimitNOFILE (ulimit -n) to ${String(need)}, or lower listen.maxConnections.`;
  return [warn('descriptors', found, advice)];
}

function checkBacklog(read: ReadSystemFile): readonly Finding[] {
  const text = read('/proc/sys/net/core/somaxconn');
  if (text === null) return [];
  const limit = Number(text);
  const wanted = String(LISTEN_BACKLOG);
  const found = `${text.trim()} connections may wait to be accepted; Forebay asks for ${wanted}`;
  if (limit >= LISTEN_BACKLOG) return [ok('backlog', found)];
  return [warn('backlog', found, `sysctl -w net.core.somaxconn=${wanted}`)];
}

/** Checks two limits of the system: open files, and connections that wait for accept(2). */
import { readFileSync } from 'node:fs';
import { descriptorLimit } from '../../config/descriptors.js';
import { usableLanes } from '../../config/lanes.js';
import type { ResolvedConfig } from '../../config/schema.js';
import { LISTEN_BACKLOG } from '../../http/exchange/listen.js';
import { type Finding, ok, warn } from './finding.js';

/** Descriptors besides connections: chunk files that stay open, the log, libraries, eventfds. */
const OTHER_DESCRIPTORS = 1024;

/** Reads a file of the system; returns `null` when it cannot be read. */
export type ReadSystemFile = (path: string) => string | null;

/** Reads a file of this machine. */
export const readSystemFile: ReadSystemFile = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};

/** Runs both checks; omits one whose file this system does not have. */
export function checkLimits(config: ResolvedConfig, read: ReadSystemFile): readonly Finding[] {
  return [...checkDescriptors(config, read), ...checkBacklog(read)];
}

function checkDescriptors(config: ResolvedConfig, read: ReadSystemFile): readonly Finding[] {
  const limit = descriptorLimit(read);
  if (limit === null) return [];
  const { listen, cache, fill, origins } = config;
  // Two for each client: its connection, and the one file that it reads at a time.
  const need =
    2 * listen.maxConnections +
    usableLanes(cache, fill) +
    origins.reduce((sum, { maxConnections }) => sum + maxConnections, 0) +
    OTHER_DESCRIPTORS;
  const limitText = Number.isFinite(limit) ? String(limit) : 'unlimited';
  const found = `${limitText} open files; listen.maxConnections = ${String(listen.maxConnections)} may need ${String(need)}`;
  if (limit >= need) return [ok('descriptors', found)];
  const advice = `Raise LimitNOFILE (ulimit -n) to ${String(need)}, or lower listen.maxConnections.`;
  return [warn('descriptors', found, advice)];
}

function checkBacklog(read: ReadSystemFile): readonly Finding[] {
  const text = read('/proc/sys/net/core/somaxconn');
  if (text === null) return [];
  const limit = Number(text);
  const backlog = String(LISTEN_BACKLOG);
  const found = `${text.trim()} connections may wait to be accepted; Forebay requests ${backlog}`;
  if (limit >= LISTEN_BACKLOG) return [ok('backlog', found)];
  return [warn('backlog', found, `sysctl -w net.core.somaxconn=${backlog}`)];
}

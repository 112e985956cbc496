/**
 * Micro benchmark: `forebay serve` on a cache directory of 100,000 chunks. Makes the directory with
 * files that have a length and no blocks, starts the program, and reads when it listens and what it
 * has resident. Prints JSON.
 *
 *   --directory DIR   for the cache directory
 *   --quick           2,000 chunks
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startForebay } from '../lib/forebay.js';
import { Processes } from '../harness/processes.js';
import { treeCost } from '../harness/process-tree.js';
import { CHUNK_BYTES, writeCache } from './synthetic-cache.js';

const CHUNKS = 100_000;
const QUICK_CHUNKS = 2_000;

/** After it listens: what a start leaves to do has been done by then. */
const SETTLE_MS = 2_000;

const { values } = parseArgs({
  options: { directory: { type: 'string' }, quick: { type: 'boolean', default: false } },
});
const chunks = values.quick ? QUICK_CHUNKS : CHUNKS;
const parent = mkdtempSync(join(values.directory ?? '.', 'startup-'));
const processes = new Processes(new AbortController().signal);
try {
  const directory = join(parent, 'cache');
  mkdirSync(directory, { mode: 0o700 });
  writeCache(directory, chunks);
  const begin = performance.now();
  const pids: number[] = [];
  const { adminUrl } = await startForebay(
    {
      originUrl: 'http://127.0.0.1:9',
      cacheDirectory: directory,
      capacityBytes: chunks * CHUNK_BYTES * 2,
    },
    (child) => pids.push(processes.adopt(child).pid),
  );
  const startSeconds = (performance.now() - begin) / 1000;
  await sleep(SETTLE_MS);
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
  const held = Number(/^forebay_cache_size_bytes(?:\{\})? (\S+)$/m.exec(metrics)?.[1]);
  // A start that passes the files over would be a fast one.
  if (!(held >= chunks * CHUNK_BYTES)) throw new Error(`only ${String(held)} bytes were found`);
  const { peakRssBytes } = treeCost(pids[0] ?? 0);
  process.stdout.write(`${JSON.stringify({ forebay: { startSeconds, peakRssBytes } })}\n`);
} finally {
  await processes.endAll();
  rmSync(parent, { recursive: true, force: true });
}

/**
 * What looking at transfers costs: throughput of 100 concurrent requests for one held object, with
 * nobody looking, and with a poller twice a second and one listener of events. Runs of both kinds
 * take turns; the figures are medians of 5. Run it on a machine that does nothing else:
 *
 *     node scripts/bootstrap.mjs --dev && node dist-dev/bench/transfers-cost.js
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DrainReply, DrainRequest } from './lib/drain-main.js';
import { startForebay } from './lib/forebay.js';
import { endProcess, Helper } from './lib/helper.js';
import type { OriginReply, OriginRequest } from './lib/messages.js';
import { writeModel } from './lib/model.js';

const CONCURRENT = 100;
const ROUNDS = 5;
const POLL_MS = 500;
const OBJECT_BYTES = 128 * 1024 * 1024;
/** Nothing is evicted; the least that the program accepts is below it. */
const CAPACITY_BYTES = 512 * 1024 * 1024;
const LIMIT_PERCENT = 2;

const cleanUp: (() => Promise<unknown>)[] = [];
try {
  await measure();
} finally {
  for (const end of cleanUp.reverse()) await end();
}

async function measure(): Promise<void> {
  const { url, adminUrl, bytes } = await scene();
  const client = new Helper<DrainRequest, DrainReply>('./drain-main.js');
  cleanUp.push(() => client.end());
  const run = async (): Promise<number> => {
    const begin = performance.now();
    const reply = await client.ask({ url, count: CONCURRENT });
    if (reply.bytes !== CONCURRENT * bytes) throw new Error('a body was not whole');
    return reply.bytes / ((performance.now() - begin) / 1000);
  };
  await run();
  const quiet: number[] = [];
  const watched: number[] = [];
  let looks = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    quiet.push(await run());
    const watch = await startWatching(adminUrl);
    watched.push(await run());
    looks += await watch.stop();
  }
  const [without, withLooks] = [median(quiet), median(watched)];
  const cost = (1 - withLooks / without) * 100;
  const lines = [
    `${String(CONCURRENT)} concurrent requests of ${mebibytes(bytes)} MiB, median of ${String(ROUNDS)}`,
    `nobody looks       ${mebibytes(without)} MiB/s  (${quiet.map(mebibytes).join(' ')})`,
    `poller and events  ${mebibytes(withLooks)} MiB/s  (${watched.map(mebibytes).join(' ')}), ${String(looks)} looks and events`,
    `cost               ${cost.toFixed(2)} %: ${cost < LIMIT_PERCENT ? 'within' : 'ABOVE'} the limit of ${String(LIMIT_PERCENT)} %`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** An origin with one file and a Forebay that holds it. */
async function scene(): Promise<{ url: string; adminUrl: string; bytes: number }> {
  const directory = await mkdtemp(join(tmpdir(), 'forebay-transfers-'));
  cleanUp.push(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }));
  const modelDirectory = join(directory, 'model');
  await mkdir(modelDirectory);
  const files = await writeModel(modelDirectory, OBJECT_BYTES, new AbortController().signal);
  const entityTags = Object.fromEntries(files.map(({ name, sha256 }) => [name, `"${sha256}"`]));
  const origin = new Helper<OriginRequest, OriginReply>('./origin-main.js');
  cleanUp.push(() => origin.end());
  const { port } = await origin.ask({ kind: 'serve', directory: modelDirectory, entityTags });
  const urls = await startForebay(
    {
      originUrl: `http://127.0.0.1:${String(port)}`,
      cacheDirectory: join(directory, 'cache'),
      capacityBytes: CAPACITY_BYTES,
    },
    (child) => cleanUp.push(() => endProcess(child)),
  );
  const largest = files.reduce((a, b) => (a.bytes > b.bytes ? a : b));
  return { url: `${urls.url}/${largest.name}`, adminUrl: urls.adminUrl, bytes: largest.bytes };
}

/** Polls and listens until stopped; `stop` resolves to how many answers and events came. */
async function startWatching(adminUrl: string): Promise<{ stop(): Promise<number> }> {
  const leave = new AbortController();
  const { signal } = leave;
  let seen = 0;
  const events = await fetch(`${adminUrl}/api/v1/transfers/events`, { signal });
  const listening = (async () => {
    const pieces = (events.body ?? []) as AsyncIterable<Uint8Array>;
    for await (const { length } of pieces) seen += Math.sign(length);
  })().catch(() => undefined);
  const timer = setInterval(() => {
    void fetch(`${adminUrl}/api/v1/transfers`, { signal })
      .then((response) => response.arrayBuffer())
      .then(() => (seen += 1))
      .catch(() => undefined);
  }, POLL_MS);
  return {
    async stop() {
      clearInterval(timer);
      leave.abort();
      await listening;
      return seen;
    },
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}

/**
 * Runs one trial: a scenario, with one peer, in one round. One function for each kind of scenario.
 */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Load, type LoadResult, runLoad, startLoad } from '../harness/load.js';
import type { Origin } from '../harness/origin.js';
import type { Stage } from '../harness/stage.js';
import type { Peer, Role } from '../peers/peer.js';
import { failureOf, loadOn, measure, type Measured, settleDisk } from './measure.js';
import type {
  FillScenario,
  LateRangeScenario,
  MixedScenario,
  PeerScenario,
  ReadScenario,
  RestartScenario,
} from './scenario.js';

/** The longest that a download by another program may take. */
const DOWNLOAD_TIMEOUT_MS = 300_000;

/** Of cold reads, which end when every range was read once: on a slow disk that takes too long. */
const COLD_SECONDS_FACTOR = 5;

/** Of slow peers: enough for a median, and the longest that they may take. */
const MIN_SLOW_REQUESTS = 4;
const SLOW_SECONDS = 60;

/** Hits beside a fill go on until that ends. */
const UNTIL_ENDED_SECONDS = 300;

/** Which peers a scenario is for. */
export function takesPart({ role, persistent }: Peer, scenario: PeerScenario): boolean {
  const roles = ((): readonly Role[] => {
    switch (scenario.kind) {
      case 'read':
        return ['static', 'cache'];
      case 'fill':
        return scenario.direct ? ['cache', 'download', 'origin'] : ['cache'];
      case 'late-range':
        return ['cache', 'origin'];
      case 'restart':
        return persistent ? ['cache'] : [];
      case 'mixed':
        return ['cache'];
    }
  })();
  return roles.includes(role);
}

export function runTrial(
  stage: Stage,
  scenario: PeerScenario,
  peer: Peer,
  round: number,
): Promise<Measured> {
  switch (scenario.kind) {
    case 'read':
      return read(stage, scenario, peer, round);
    case 'fill':
      return peer.role === 'download'
        ? download(stage, scenario, peer)
        : fill(stage, scenario, peer);
    case 'late-range':
      return lateRange(stage, scenario, peer, round);
    case 'restart':
      return restart(stage, scenario, peer);
    case 'mixed':
      return mixed(stage, scenario, peer, round);
  }
}

async function read(
  stage: Stage,
  scenario: ReadScenario,
  peer: Peer,
  round: number,
): Promise<Measured> {
  const { memoryLimitBytes, pages, load } = scenario;
  const { objectBytes, seconds } = stage.settings;
  const objects = load.objects ?? [0];
  // Instances for all the machine's memory are shared by every scenario that only reads.
  const purpose = memoryLimitBytes === undefined ? 'read' : scenario.group;
  const instance = await stage.primed(purpose, peer, objects, { memoryLimitBytes });
  await settleDisk(stage);
  const extra = pages === 'cold' ? { residentBytes: await evict(stage, instance.directory) } : {};
  const slots = Math.ceil(objectBytes / (load.rangeBytes ?? objectBytes));
  const endless = load.order === 'random' || pages === 'warm';
  const bound: Partial<Load> =
    endless && peer.isSlow === true
      ? { requests: Math.max(load.connections, MIN_SLOW_REQUESTS), seconds: SLOW_SECONDS }
      : endless
        ? { seconds }
        : { requests: slots * objects.length, seconds: seconds * COLD_SECONDS_FACTOR };
  const wanted = objectBytes * objects.length;
  let observed = {};
  const measured = await measure(instance, wanted, async () => {
    const result = await loadOn(stage, instance, { ...load, ...bound, seed: round });
    observed = {
      ...(load.idleConnections === undefined ? {} : { idleLost: result.idle.lost }),
      ...(load.slowConnections === undefined
        ? {}
        : { slowBytesPerSecond: result.slow.bytes / result.seconds }),
    };
    return result;
  });
  return { ...measured, metrics: { ...measured.metrics, ...extra, ...observed } };
}

async function fill(stage: Stage, scenario: FillScenario, peer: Peer): Promise<Measured> {
  const { clients } = scenario;
  const instance = await stage.fresh(peer, { origin: await originOf(stage, scenario) });
  try {
    await settleDisk(stage);
    const load = { connections: clients, requests: clients };
    return await measure(instance, stage.settings.objectBytes, () => loadOn(stage, instance, load));
  } finally {
    await instance.discard();
  }
}

async function originOf(stage: Stage, scenario: FillScenario): Promise<Origin> {
  const { originConnectionBytesPerSecond: connectionBytesPerSecond } = scenario;
  if (connectionBytesPerSecond === undefined) return stage.origin;
  return stage.limitedOrigin({ connectionBytesPerSecond });
}

/** By another program, which writes a file. */
async function download(stage: Stage, scenario: FillScenario, peer: Peer): Promise<Measured> {
  const origin = await originOf(stage, scenario);
  await settleDisk(stage);
  const { objectBytes } = stage.settings;
  const file = join(stage.directory, `${peer.name}.download`);
  const url = `http://127.0.0.1:${String(origin.port)}/objects/0`;
  const begin = performance.now();
  await stage.processes.run(['curl', '-sS', '--fail', '-o', file, url], DOWNLOAD_TIMEOUT_MS);
  const seconds = (performance.now() - begin) / 1000;
  const { size } = await stat(file);
  await rm(file);
  const failure = size === objectBytes ? null : `the file has ${String(size)} bytes`;
  return {
    failure,
    metrics: { seconds, gigabytesPerSecond: objectBytes / 1e9 / seconds, originMultiple: 1 },
  };
}

async function lateRange(
  stage: Stage,
  scenario: LateRangeScenario,
  peer: Peer,
  round: number,
): Promise<Measured> {
  const { originBytesPerSecond, rangeBytes, samples, pauseSeconds } = scenario;
  const { quick } = stage.settings;
  const origin = await stage.limitedOrigin({ bytesPerSecond: originBytesPerSecond });
  const instance = await stage.fresh(peer, { origin });
  const requests = quick ? Math.ceil(samples / 10) : samples;
  const load: Load = {
    connections: 1,
    rangeBytes,
    order: 'unaligned',
    requests,
    pauseSeconds,
    // The same offsets for all peers of a round.
    seed: round * 1000,
  };
  try {
    await settleDisk(stage);
    return await measure(instance, requests * rangeBytes, () => loadOn(stage, instance, load));
  } finally {
    await instance.discard();
  }
}

async function restart(stage: Stage, { group }: RestartScenario, peer: Peer): Promise<Measured> {
  const instance = await stage.primed(group, peer, [0]);
  await settleDisk(stage);
  await instance.stop();
  const startSeconds = await instance.start();
  const load = { connections: 1, requests: 1 };
  const { objectBytes } = stage.settings;
  const measured = await measure(instance, objectBytes, () => loadOn(stage, instance, load));
  return { ...measured, metrics: { ...measured.metrics, startSeconds } };
}

async function mixed(
  stage: Stage,
  { hits }: MixedScenario,
  peer: Peer,
  round: number,
): Promise<Measured> {
  const { objectBytes } = stage.settings;
  const instance = await stage.fresh(peer);
  try {
    await stage.prime(instance, [0]);
    await settleDisk(stage);
    const fills: LoadResult[] = [];
    const measured = await measure(instance, objectBytes, async () => {
      const target = { ...instance.target, objectBytes };
      const endless = { ...hits, seconds: UNTIL_ENDED_SECONDS, seed: round };
      const reading = startLoad(stage.tools, stage.processes, target, endless);
      const one = { connections: 1, requests: 1, objects: [1] };
      const filled = await runLoad(stage.tools, stage.processes, target, one).finally(reading.stop);
      fills.push(filled);
      return reading.result;
    });
    const [filled] = fills;
    if (filled === undefined) return measured;
    const fillGigabytesPerSecond = filled.bytes / 1e9 / filled.seconds;
    return {
      failure: failureOf(filled) ?? measured.failure,
      metrics: { ...measured.metrics, fillGigabytesPerSecond },
    };
  } finally {
    await instance.discard();
  }
}

/** Drops what lies below `directory` from the page cache; resolves to the bytes that stayed. */
async function evict(stage: Stage, directory: string): Promise<number> {
  const out = await stage.processes.run(
    [stage.tools.evict, '--directory', directory],
    DOWNLOAD_TIMEOUT_MS,
  );
  return (JSON.parse(out) as { readonly residentBytes: number }).residentBytes;
}

/**
 * Checks of what Forebay runs on: Node.js, the instruction set of BLAKE3, memory, the clock. Pure.
 */
import { availableParallelism, totalmem } from 'node:os';
import { native, type Simd } from '../../compute/native.js';
import { usableLanes } from '../../config/lanes.js';
import type { ResolvedConfig } from '../../config/schema.js';
import { formatSize } from '../../config/units.js';
import { platformObjection } from '../platform.js';
import { fail, type Finding, ok, warn } from './finding.js';

/** The machine's figures, passed in so that tests can replace them. */
export interface Machine {
  readonly platform: string;
  readonly nodeVersion: string;
  readonly simd: Simd;
  readonly cores: number;
  /** Bytes of memory that this process may use: the machine's, or its control group's. */
  readonly memoryBytes: number;
  readonly memoryIsLimited: boolean;
  /** Wall time, ms since the epoch. */
  readonly nowMs: number;
}

/** V8, code, undici and thread stacks: what an idle Forebay was seen to take, rounded up. */
const BASE_BYTES = 256 * 2 ** 20;
/**
 * One lane: its 1 MiB receive buffer, a body in flight in the kernel's, and what goes with them.
 */
const LANE_BYTES = 4 * 2 ** 20;
/** Below this share of slack the kernel has no room to cache pages, and hits come from the disk. */
const COMFORT = 2;
/** A clock before this was never set: it is older than this program. */
const EARLIEST_MS = Date.UTC(2025, 0, 1);

/** The machine that this is. */
export function thisMachine(nowMs: number): Machine {
  const total = totalmem();
  const limit = process.constrainedMemory();
  const memoryIsLimited = limit > 0 && limit < total;
  return {
    platform: process.platform,
    nodeVersion: process.versions.node,
    simd: native.simd(),
    cores: availableParallelism(),
    memoryBytes: memoryIsLimited ? limit : total,
    memoryIsLimited,
    nowMs,
  };
}

/** All checks that need nothing but `machine`. */
export function checkMachine(machine: Machine, config: ResolvedConfig): readonly Finding[] {
  return [
    checkNode(machine),
    checkSimd(machine),
    checkMemory(machine, config),
    checkClock(machine),
  ];
}

function checkNode({ platform, nodeVersion, cores }: Machine): Finding {
  const objection = platformObjection(platform, nodeVersion);
  const found = `${nodeVersion} on ${platform}, ${String(cores)} cores`;
  if (objection !== null) return fail('node', found, objection);
  if (cores > 1) return ok('node', found);
  return warn(
    'node',
    found,
    'Give it two cores: with one, fetching and serving wait for each other.',
  );
}

function checkSimd({ simd }: Machine): Finding {
  if (simd !== 'portable' && simd !== 'sse2') return ok('blake3', `uses ${simd}`);
  const advice = 'Expect slow hashing: this processor, or virtual machine, offers no AVX2 or NEON.';
  return warn('blake3', `uses ${simd}`, advice);
}

function checkMemory({ memoryBytes, memoryIsLimited }: Machine, config: ResolvedConfig): Finding {
  const { cache, fill } = config;
  const lanes = usableLanes(cache, fill);
  const need = BASE_BYTES + cache.serveThroughMemoryBytes + lanes * LANE_BYTES;
  const where = memoryIsLimited ? 'allowed by the control group' : 'in this machine';
  const found = `${formatSize(memoryBytes)} ${where}; Forebay may take ${formatSize(need)}`;
  if (memoryBytes < need) {
    return fail('memory', found, 'Raise the limit, or lower cache.serveThroughMemory.');
  }
  if (memoryBytes >= COMFORT * need) return ok('memory', found);
  return warn('memory', found, 'Raise the limit: what is left caches pages of hot chunks.');
}

function checkClock({ nowMs }: Machine): Finding {
  const found = new Date(nowMs).toISOString();
  if (nowMs >= EARLIEST_MS) return ok('clock', found);
  return fail('clock', found, 'Set the clock: freshness and certificates are judged by it.');
}

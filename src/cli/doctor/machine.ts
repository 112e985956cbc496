/**
 * Checks the machine: Node.js, the instruction set of BLAKE3, memory, the clock. Pure, except for
 * `thisMachine`.
 */
import { availableParallelism, totalmem } from 'node:os';
import { native, type Simd } from '../../compute/native.js';
import { usableLanes } from '../../config/lanes.js';
import type { ResolvedConfig } from '../../config/schema.js';
import { formatSize } from '../../config/units.js';
import { platformObjection } from '../platform.js';
import { fail, type Finding, ok, warn } from './finding.js';

/** Properties of the machine, passed in so that tests can replace them. */
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

/** Measured memory of an idle Forebay, rounded up: V8, code, undici and thread stacks. */
const BASE_BYTES = 256 * 2 ** 20;
/** Memory of one lane: its 1 MiB receive buffer, the kernel's socket buffers, and other state. */
const LANE_BYTES = 4 * 2 ** 20;
/** With less than this times the need, the kernel cannot cache pages, and hits read the disk. */
const COMFORT = 2;
/** A clock before this date, which is older than the program, was never set. */
const EARLIEST_MS = Date.UTC(2025, 0, 1);

/** Returns the properties of this machine. */
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

/** Runs all checks of the machine. */
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
    'Give Forebay two cores: with one, fetching and serving wait for each other.',
  );
}

function checkSimd({ simd }: Machine): Finding {
  if (simd !== 'portable' && simd !== 'sse2') return ok('blake3', `uses ${simd}`);
  const advice =
    'Use a processor or virtual machine with AVX2 or NEON: hashing is slow on this one.';
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
  return warn('memory', found, 'Raise the limit: hot chunks are cached in memory that is left.');
}

function checkClock({ nowMs }: Machine): Finding {
  const found = new Date(nowMs).toISOString();
  if (nowMs >= EARLIEST_MS) return ok('clock', found);
  return fail('clock', found, 'Set the clock: freshness and certificates depend on it.');
}

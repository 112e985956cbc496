/**
 * Measures BLAKE3 by 1 MiB groups on one thread, beside @napi-rs/blake-hash over the same pieces.
 * Trials interleave, so that a noisy machine slows both; the ratio of medians is what counts.
 * Run: `node dist-dev/bench/blake3.js [--json]` after a build.
 */
import { blake3 } from '@napi-rs/blake-hash';
import { randomFillSync } from 'node:crypto';
import { native } from '#src/compute/native.js';
import { GROUP_SIZE_BYTES, ID_BYTES } from '#src/model/chunk.js';

/** 256 MiB a trial: long against timer and scheduler noise, short enough for 15 of each. */
const GROUPS_PER_TRIAL = 256;
const TRIALS = 15;

/** 64 MiB of distinct groups: more than any cache holds, as in a fill. */
const DISTINCT_GROUPS = 64;

const data = randomFillSync(new Uint8Array(DISTINCT_GROUPS * GROUP_SIZE_BYTES));
const out = new Uint8Array(ID_BYTES);

function group(index: number): Uint8Array {
  const start = (index % DISTINCT_GROUPS) * GROUP_SIZE_BYTES;
  return data.subarray(start, start + GROUP_SIZE_BYTES);
}

/** GB/s of `hash` over one trial's groups. */
function measure(hash: (bytes: Uint8Array, index: number) => void): number {
  const start = performance.now();
  for (let index = 0; index < GROUPS_PER_TRIAL; index += 1) hash(group(index), index);
  const seconds = (performance.now() - start) / 1000;
  return (GROUPS_PER_TRIAL * GROUP_SIZE_BYTES) / 1e9 / seconds;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const ours: number[] = [];
const peers: number[] = [];
for (let trial = 0; trial < TRIALS; trial += 1) {
  ours.push(
    measure((bytes, index) => {
      native.groupId(bytes, index, false, out, 0);
    }),
  );
  peers.push(
    measure((bytes) => {
      blake3(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    }),
  );
}

const result = {
  simd: native.simd(),
  forebayGBps: Number(median(ours).toFixed(2)),
  napiRsGBps: Number(median(peers).toFixed(2)),
  ratio: Number((median(ours) / median(peers)).toFixed(2)),
};

process.stdout.write(
  process.argv.includes('--json')
    ? `${JSON.stringify(result)}\n`
    : `BLAKE3, one thread, 1 MiB groups, ${result.simd}: ${String(result.forebayGBps)} GB/s; ` +
        `@napi-rs/blake-hash ${String(result.napiRsGBps)} GB/s; ratio ${String(result.ratio)}\n`,
);

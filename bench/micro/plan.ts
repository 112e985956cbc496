/** Micro benchmark: how many chunk reads a second a range of 100 GB turns into. Prints JSON. */
import { planReads } from '#src/cache/body/plan.js';

const CHUNK_BYTES = 8 * 2 ** 20;
const RANGE = { start: 12_345, end: 100e9 };

const passes = process.argv.includes('--quick') ? 2 : 50;
let reads = 0;
let bytes = 0;
const begin = performance.now();
for (let pass = 0; pass < passes; pass += 1) {
  for (const { within } of planReads(RANGE, CHUNK_BYTES)) {
    reads += 1;
    bytes += within.end - within.start;
  }
}
const seconds = (performance.now() - begin) / 1000;
if (bytes !== passes * (RANGE.end - RANGE.start)) throw new Error('the plan misses bytes');
process.stdout.write(`${JSON.stringify({ forebay: { operationsPerSecond: reads / seconds } })}\n`);

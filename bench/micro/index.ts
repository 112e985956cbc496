/**
 * Micro benchmark: the index of 1,000,000 chunks in memory. Memory a chunk, adding one, finding and
 * touching a random one as a hit does, choosing a victim. Prints JSON. Run with --expose-gc.
 */
import { ChunkEntry, ChunkIndex } from '#src/store/chunks/chunk-index.js';
import { type ChunkId, parseChunkId } from '#src/model/ids.js';

const CHUNK_BYTES = 8 * 2 ** 20;
const count = process.argv.includes('--quick') ? 10_000 : 1_000_000;

function idAt(index: number): ChunkId {
  const id = parseChunkId(index.toString(16).padStart(64, '0'));
  if (id === undefined) throw new Error('not an id');
  return id;
}

/** Operations a second of `count` calls. */
function rate(operation: (index: number) => void): { readonly operationsPerSecond: number } {
  const begin = performance.now();
  for (let index = 0; index < count; index += 1) operation(index);
  return { operationsPerSecond: count / ((performance.now() - begin) / 1000) };
}

function heapBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

const before = heapBytes();
const index = new ChunkIndex();
const add = rate((at) => {
  index.add(new ChunkEntry(idAt(at), CHUNK_BYTES));
});
const bytesPerItem = (heapBytes() - before) / count;
if (index.size !== count) throw new Error(`the index holds ${String(index.size)}`);

// A full-period step through all ids: every chunk once, neighbours far apart.
const STEP = 7_368_787;
const touch = rate((at) => {
  const entry = index.get(idAt((at * STEP) % count));
  if (entry === undefined) throw new Error('a chunk is missing');
  index.touch(entry);
});
const evict = rate(() => {
  const [victim] = index.victims(1) ?? [];
  if (victim === undefined) throw new Error('no victim');
  index.delete(victim);
});
process.stdout.write(`${JSON.stringify({ add: { ...add, bytesPerItem }, touch, evict })}\n`);

/** Whatever is asked by whomever, in whatever order: the origin's bytes, each fetched once. */
import fc from 'fast-check';
import t from 'tap';
import { GROUP_SIZE_BYTES } from '#src/model/chunk.js';
import { describe, startForebay } from '../fixtures/running.js';
import { bytesOf, fresh, runOrigin, sizeOf } from '../fixtures/running-origin.js';
import type { Action } from '../fixtures/scripted-origin.js';

/** An object and the chunks that it is cut into: of one group each, and of several. */
interface Shape {
  readonly chunkSize: string;
  readonly chunkBytes: number;
  /** In units of the smallest chunk, as the fixtures count. */
  readonly units: number;
}

const SHAPES: readonly Shape[] = [
  { chunkSize: '1MiB', chunkBytes: GROUP_SIZE_BYTES, units: 5 },
  { chunkSize: '4MiB', chunkBytes: 4 * GROUP_SIZE_BYTES, units: 10 },
];
const MAX_CLIENTS = 6;
const MAX_RANGES = 4;

interface Wanted {
  readonly start: number;
  readonly end: number;
}

/** What each client asks for, one after the other. */
function clientsOf(units: number): fc.Arbitrary<Wanted[][]> {
  const length = sizeOf(units);
  // Around the borders of chunks and groups more often than elsewhere: that is where mistakes are.
  const offsets = fc.oneof(
    fc.nat(length - 1),
    fc.tuple(fc.nat(units - 1), fc.integer({ min: -2, max: 2 })).map(([unit, by]) => {
      return Math.min(Math.max(unit * GROUP_SIZE_BYTES + by, 0), length - 1);
    }),
  );
  const ranges = fc
    .tuple(offsets, offsets)
    .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) + 1 }));
  return fc.array(fc.array(ranges, { minLength: 1, maxLength: MAX_RANGES }), {
    minLength: 1,
    maxLength: MAX_CLIENTS,
  });
}

/** Bytes of all chunks that any of the ranges touches. */
function touched(all: readonly (readonly Wanted[])[], { chunkBytes, units }: Shape): number {
  const indexes = new Set<number>();
  for (const { start, end } of all.flat()) {
    for (let at = Math.floor(start / chunkBytes); at * chunkBytes < end; at += 1) indexes.add(at);
  }
  const length = sizeOf(units);
  return [...indexes].reduce(
    (sum, index) => sum + Math.min(chunkBytes, length - index * chunkBytes),
    0,
  );
}

/** Faults that a retry mends. `afterBytes` lies in the body of a chunk. */
function faultsOf(chunkBytes: number): fc.Arbitrary<Action> {
  const within = fc.nat(chunkBytes);
  return fc.oneof(
    fc.record({ kind: fc.constant('reset' as const), afterBytes: within }),
    fc.record({ kind: fc.constant('short' as const), afterBytes: within }),
    fc.record({
      kind: fc.constant('shorter-range' as const),
      bytes: fc.integer({ min: 1, max: chunkBytes }),
    }),
    fc.constant({ kind: 'extra' as const, bytes: 'surplus' }),
    fc.constant({ kind: 'close-after' as const }),
    fc.constant({ kind: 'ignore-range' as const }),
    fc.constant({ kind: 'content-range' as const, start: 1 }),
    fc.constantFrom(500, 502, 503).map((status) => ({ kind: 'status' as const, status })),
  );
}

for (const shape of SHAPES) {
  const { chunkSize, chunkBytes, units } = shape;

  t.test(`ranges are exact, and each chunk leaves the origin once: ${chunkSize}`, async (t) => {
    const origin = await runOrigin(t, {});
    const forebay = await startForebay(t, { origin, cache: { chunkSize } });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(clientsOf(units), async (asked) => {
        run += 1;
        const path = `/${String(run)}`;
        origin.objects.set(path, fresh(run % 8, units));
        const expected = bytesOf(run % 8, units);
        const before = origin.bodyBytes;
        await Promise.all(
          asked.map(async (wanted) => {
            for (const { start, end } of wanted) {
              const got = await forebay.range(path, start, end);
              if (!got.equals(expected.subarray(start, end))) throw new Error('wrong bytes');
            }
          }),
        );
        await forebay.until((found) => found.get('forebay_inflight_fills') === 0);
        const cost = origin.bodyBytes - before;
        const least = touched(asked, shape);
        if (cost !== least) {
          throw new Error(`the origin sent ${String(cost)} instead of ${String(least)}`);
        }
      }),
      { numRuns: 40 },
    );
  });

  t.test(`bytes are exact under any single fault of the origin: ${chunkSize}`, async (t) => {
    const origin = await runOrigin(t, {});
    const forebay = await startForebay(t, { origin, cache: { chunkSize } });
    let run = 0;
    const plans = fc.array(fc.tuple(fc.nat(6), faultsOf(chunkBytes)), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(clientsOf(units), plans, async (asked, plan) => {
        run += 1;
        const path = `/${String(run)}`;
        origin.objects.set(path, fresh(run % 8, units));
        const expected = bytesOf(run % 8, units);
        const removes = plan.map(([skip, fault]) =>
          origin.script({ path, skip, times: 1, actions: [fault] }),
        );
        await Promise.all(
          asked.map(async (wanted) => {
            for (const { start, end } of wanted) {
              const range = `bytes=${String(start)}-${String(end - 1)}`;
              const got = await forebay.get(path, { headers: { range } });
              const right = expected.subarray(start, end);
              if (got.status !== 206 || !got.body.equals(right)) throw new Error(describe(got));
            }
          }),
        );
        for (const remove of removes) remove();
      }),
      { numRuns: 40 },
    );
  });
}

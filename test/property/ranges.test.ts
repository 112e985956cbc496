/** Whatever is asked by whomever, in whatever order: the origin's bytes, each fetched once. */
import fc from 'fast-check';
import t from 'tap';
import { describe, RUNNING_CHUNK_BYTES as C, startForebay } from '../fixtures/running.js';
import { bytesOf, fresh, runOrigin, sizeOf } from '../fixtures/running-origin.js';
import type { Action } from '../fixtures/scripted-origin.js';

const CHUNKS = 5;
const LENGTH = sizeOf(CHUNKS);
const MAX_CLIENTS = 6;
const MAX_RANGES = 4;

/** Offsets around chunk borders more often than elsewhere: that is where mistakes are. */
const offsets = fc.oneof(
  fc.nat(LENGTH - 1),
  fc.tuple(fc.nat(CHUNKS - 1), fc.integer({ min: -2, max: 2 })).map(([index, by]) => {
    return Math.min(Math.max(index * C + by, 0), LENGTH - 1);
  }),
);

const ranges = fc
  .tuple(offsets, offsets)
  .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) + 1 }));

const clients = fc.array(fc.array(ranges, { minLength: 1, maxLength: MAX_RANGES }), {
  minLength: 1,
  maxLength: MAX_CLIENTS,
});

/** Bytes of all chunks that any of the ranges touches. */
function touched(all: readonly (readonly { start: number; end: number }[])[]): number {
  const indexes = new Set<number>();
  for (const { start, end } of all.flat()) {
    for (let index = Math.floor(start / C); index * C < end; index += 1) indexes.add(index);
  }
  return [...indexes].reduce((sum, index) => sum + Math.min(C, LENGTH - index * C), 0);
}

/** Faults that a retry mends. `afterBytes` lies in the body of a chunk. */
const faults: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constant('reset' as const), afterBytes: fc.nat(C) }),
  fc.record({ kind: fc.constant('short' as const), afterBytes: fc.nat(C) }),
  fc.record({ kind: fc.constant('shorter-range' as const), bytes: fc.integer({ min: 1, max: C }) }),
  fc.constant({ kind: 'extra' as const, bytes: 'surplus' }),
  fc.constant({ kind: 'close-after' as const }),
  fc.constant({ kind: 'ignore-range' as const }),
  fc.constant({ kind: 'content-range' as const, start: 1 }),
  fc.constantFrom(500, 502, 503).map((status) => ({ kind: 'status' as const, status })),
);

t.test('ranges are exact, and each chunk leaves the origin once', async (t) => {
  const origin = await runOrigin(t, {});
  const forebay = await startForebay(t, { origin });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(clients, async (asked) => {
      run += 1;
      const path = `/${String(run)}`;
      origin.objects.set(path, fresh(run % 8, CHUNKS));
      const expected = bytesOf(run % 8, CHUNKS);
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
      if (cost !== touched(asked)) {
        throw new Error(`the origin sent ${String(cost)} instead of ${String(touched(asked))}`);
      }
    }),
    { numRuns: 40 },
  );
});

t.test('whatever the origin does once, the bytes are exact', async (t) => {
  const origin = await runOrigin(t, {});
  const forebay = await startForebay(t, { origin });
  let run = 0;
  const plans = fc.array(fc.tuple(fc.nat(6), faults), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(clients, plans, async (asked, plan) => {
      run += 1;
      const path = `/${String(run)}`;
      origin.objects.set(path, fresh(run % 8, CHUNKS));
      const expected = bytesOf(run % 8, CHUNKS);
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

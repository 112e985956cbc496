import fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import t from 'tap';
import { TallyHistogram } from '#src/telemetry/tally-histogram.js';

const BUCKETS = [0.5, 1, 10];

/** The same in two registries: by prom-client alone, and by tallies. */
function both(labelNames: string[]) {
  const common = { name: 'x_seconds', help: 'X.', buckets: BUCKETS, labelNames };
  const registries = [new Registry(), new Registry()] as const;
  const plain = new Histogram({ ...common, registers: [registries[0]] });
  const tallies = new TallyHistogram({ ...common, registers: [registries[1]] });
  return { plain, tallies, registries };
}

t.test("property: the histogram equals prom-client's of the same observations", async (t) => {
  const values = fc.array(
    fc.tuple(fc.constantFrom('a', 'b'), fc.constantFrom(0, 0.5, 0.75, 1, 3, 10, 11)),
  );
  await fc.assert(
    fc.asyncProperty(values, async (observed) => {
      const named = both(['of']);
      const bare = both([]);
      for (const [of, value] of observed) {
        named.plain.observe({ of }, value);
        named.tallies.tally(value, of);
        bare.plain.observe(value);
        bare.tallies.tally(value);
      }
      for (const { registries } of [named, bare]) {
        t.equal(await registries[1].metrics(), await registries[0].metrics());
        const names = (await registries[1].getMetricsAsJSON()).map(({ name }) => name);
        t.same(names, ['x_seconds']);
      }
    }),
    { numRuns: 30 },
  );
});

t.test('a histogram with two labels is refused', (t) => {
  t.throws(() => both(['a', 'b']), RangeError);
  t.end();
});

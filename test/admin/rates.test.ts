import t from 'tap';
import { Rates } from '#src/admin/rates.js';

function looks(samples: readonly (readonly [bytes: number, atMs: number])[]): (number | null)[] {
  const rates = new Rates();
  return samples.map(([bytes, atMs]) => {
    const rate = rates.measure('a', bytes, atMs);
    rates.endLook();
    return rate;
  });
}

t.test('a rate is null before the first measurement', async (t) => {
  t.same(
    looks([
      [1000, 0],
      [1100, 100],
      [1500, 500],
      [2000, 1000],
    ]),
    [null, null, 1000, 1000],
  );
});

t.test('a rate falls to zero within the window of a stall', async (t) => {
  const moving = [0, 1, 2, 3, 4, 5, 6].map((s) => [s * 1000, s * 1000] as const);
  const still = [7, 8, 9, 10, 11, 12, 13].map((s) => [6000, s * 1000] as const);
  t.equal(looks([...moving, ...still]).at(-1), 0);
});

t.test('a rate is measured by rare samples too; ended transfers are forgotten', async (t) => {
  t.same(
    looks([
      [0, 0],
      [60_000, 60_000],
      [60_000, 120_000],
    ]),
    [null, 1000, 0],
  );
  const rates = new Rates();
  rates.measure('a', 0, 0);
  rates.endLook();
  rates.endLook();
  t.equal(rates.measure('a', 1000, 1000), null);
});

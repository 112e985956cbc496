import fc from 'fast-check';
import t from 'tap';
import { MemoryBudget } from '#src/model/memory-budget.js';

t.test('tryCharge refuses a charge beyond the limit without counting it', async (t) => {
  const budget = new MemoryBudget(100);
  t.ok(budget.tryCharge(60));
  t.notOk(budget.tryCharge(41));
  t.equal(budget.usedBytes, 60);
  t.ok(budget.tryCharge(40));
  t.notOk(budget.tryCharge(1));
  budget.release(60);
  t.equal(budget.usedBytes, 40);
});

t.test('a second budget over the same cell shares its count', async (t) => {
  const budget = new MemoryBudget(100);
  const worker = new MemoryBudget(100, budget.shared);
  t.ok(worker.tryCharge(70));
  t.notOk(budget.tryCharge(31));
  budget.release(70);
  t.equal(worker.usedBytes, 0);
});

t.test('property: charges never exceed the limit in any order', async () => {
  const steps = fc.array(fc.record({ bytes: fc.nat(50), release: fc.boolean() }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(steps, (taken) => {
      const budget = new MemoryBudget(100);
      const charged: number[] = [];
      for (const { bytes, release } of taken) {
        const first = release ? charged.shift() : undefined;
        if (first !== undefined) budget.release(first);
        else if (budget.tryCharge(bytes)) charged.push(bytes);
        const sum = charged.reduce((total, one) => total + one, 0);
        if (budget.usedBytes !== sum || sum > 100) return false;
      }
      return true;
    }),
  );
});

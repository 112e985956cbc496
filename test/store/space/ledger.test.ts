import fc from 'fast-check';
import t from 'tap';
import {
  BLOCK_BYTES,
  directoryCost,
  fileCost,
  Ledger,
  type Reservation,
  wholeBlocks,
} from '#src/store/space/ledger.js';

t.test('costs are rounded up to blocks', (t) => {
  t.equal(wholeBlocks(0), 0);
  t.equal(wholeBlocks(1), BLOCK_BYTES);
  t.equal(wholeBlocks(BLOCK_BYTES), BLOCK_BYTES);
  t.equal(fileCost(BLOCK_BYTES + 1), 3 * BLOCK_BYTES);
  t.equal(directoryCost(0), BLOCK_BYTES);
  t.ok(directoryCost(1000) >= 1000 * 72);
  t.end();
});

t.test('a promise counts before it is redeemed', (t) => {
  const ledger = new Ledger(100);
  t.equal(ledger.shortfall(60), 0);
  ledger.promise(60);
  t.equal(ledger.usedBytes, 0, 'nothing is taken yet');
  t.equal(ledger.shortfall(60), 20);
  const reservation = ledger.redeem(60);
  t.equal(ledger.balance('drafts'), 60);
  reservation?.spend('linked', 50);
  t.equal(ledger.balance('linked'), 50);
  t.equal(reservation?.bytes, 10);
  reservation?.release();
  reservation?.release();
  t.equal(ledger.usedBytes, 50);
  t.end();
});

t.test('bytes that are leaving make room for promises, not for bytes', (t) => {
  const ledger = new Ledger(100);
  ledger.charge('linked', 100);
  ledger.announceLeaving(40);
  t.equal(ledger.shortfall(40), 0);
  ledger.promise(40);
  t.equal(ledger.shortfall(1), 1, 'and only for one of them');
  t.equal(ledger.redeem(40), undefined, 'the file is still there');
  ledger.release('linked', 40);
  ledger.settleLeaving(40);
  ledger.promise(40);
  t.ok(ledger.redeem(40));
  t.equal(ledger.usedBytes, 100);
  t.end();
});

t.test('property: no order of grants and returns exceeds the capacity', (t) => {
  const step = fc.record({ bytes: fc.integer({ min: 1, max: 60 }), returns: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const ledger = new Ledger(100);
      const granted: Reservation[] = [];
      for (const { bytes, returns } of steps) {
        if (returns) granted.pop()?.release();
        else if (ledger.shortfall(bytes) === 0) {
          ledger.promise(bytes);
          const reservation = ledger.redeem(bytes);
          if (reservation !== undefined) granted.push(reservation);
        }
        const sum = granted.reduce((total, { bytes: held }) => total + held, 0);
        if (ledger.usedBytes !== sum || sum > 100) return false;
      }
      return true;
    }),
  );
  t.end();
});

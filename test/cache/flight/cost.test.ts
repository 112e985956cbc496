import t from 'tap';
import { Cost } from '#src/cache/flight/cost.js';

t.test('Cost: bytes count as they arrive, and the final count of a fetch replaces them', (t) => {
  const cost = new Cost();
  t.equal(cost.originBytes, 0);
  const one = { receivedBytes: 0 };
  const two = { receivedBytes: 5 };
  const settleOne = cost.fetching(one);
  const settleTwo = cost.fetching(two);
  one.receivedBytes = 10;
  t.equal(cost.originBytes, 15);
  settleOne(12);
  one.receivedBytes = 99;
  t.equal(cost.originBytes, 17, 'the overlap of two attempts came too');
  settleTwo(5);
  t.equal(cost.originBytes, 17);
  t.notOk(cost.collapsed);
  t.end();
});

t.test('Cost: each chunk that the contact brought is handed out once', (t) => {
  const cost = new Cost();
  const flight = { progress: () => t.fail('not asked') as never };
  cost.brings(3, flight);
  t.ok(cost.hasBrought(3));
  t.equal(cost.takeBrought(2), undefined);
  t.equal(cost.takeBrought(3), flight);
  t.notOk(cost.hasBrought(3));
  t.equal(cost.takeBrought(3), undefined);
  t.end();
});

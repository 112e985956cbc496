import t from 'tap';
import { RangeFaults } from '#src/origin/range-faults.js';
import { ManualClock } from '../fixtures/manual-clock.js';

const MINUTE_MS = 60_000;

t.test('a host with wrong ranges is remembered for a while, and longer after each repeat', (t) => {
  const clock = new ManualClock();
  clock.advance(1);
  const faults = new RangeFaults(clock);
  t.notOk(faults.has('http://a.example/x'));
  faults.note('http://a.example/x');
  faults.note('http://a.example/y');
  t.ok(faults.has('http://a.example/other'), 'the host, not the URL');
  t.notOk(faults.has('http://a.example:8080/x'));
  t.notOk(faults.has('http://b.example/x'));
  clock.advance(MINUTE_MS);
  t.notOk(faults.has('http://a.example/x'), 'forgotten');
  faults.note('http://a.example/x');
  clock.advance(9 * MINUTE_MS);
  t.ok(faults.has('http://a.example/x'), 'it came again');
  clock.advance(MINUTE_MS);
  t.notOk(faults.has('http://a.example/x'));
  clock.advance(60 * MINUTE_MS);
  faults.note('http://a.example/x');
  clock.advance(MINUTE_MS);
  t.notOk(faults.has('http://a.example/x'), 'the first of its time');
  t.end();
});

t.test('the hosts that are remembered are bounded', (t) => {
  const faults = new RangeFaults(new ManualClock());
  for (let index = 0; index <= 256; index += 1) faults.note(`http://h${String(index)}.example/`);
  t.notOk(faults.has('http://h0.example/'), 'the oldest went');
  t.ok(faults.has('http://h256.example/'));
  t.end();
});

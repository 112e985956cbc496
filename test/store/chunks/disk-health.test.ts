import t from 'tap';
import { DiskHealth, PROBE_INTERVAL_MS } from '#src/store/chunks/disk-health.js';
import { ManualClock } from '../../fixtures/manual-clock.js';
import { EventLog } from '../../fixtures/store-opening.js';

const FULL = Object.assign(new Error('full'), { code: 'ENOSPC' });

t.test('a failed disk is probed once an interval until a chunk is stored', (t) => {
  const clock = new ManualClock();
  const events = new EventLog();
  const health = new DiskHealth(clock, events);
  t.ok(health.mayTry() && health.mayTry() && health.writable);
  health.failed('open', FULL);
  t.notOk(health.writable);
  t.notOk(health.mayTry());
  clock.advance(PROBE_INTERVAL_MS - 1);
  t.notOk(health.mayTry());
  clock.advance(1);
  t.ok(health.mayTry(), 'the probe');
  t.notOk(health.mayTry(), 'and no second one');
  t.notOk(health.writable);
  health.worked();
  t.ok(health.mayTry() && health.mayTry() && health.writable);
  t.strictSame(events.lines, ['error open ENOSPC']);
  t.end();
});

t.test('a failed read does not stop writes', (t) => {
  const events = new EventLog();
  const health = new DiskHealth(new ManualClock(), events);
  health.readFailed('read', FULL);
  t.ok(health.writable && health.mayTry());
  t.strictSame(events.lines, ['error read ENOSPC']);
  t.end();
});

import t from 'tap';
import { type Pace, TransferPace } from '#src/send/transfer-pace.js';
import { ManualClock } from '../fixtures/manual-clock.js';

/** A transfer whose progress the test sets, and what was told of it. */
function watched(minRate = 0) {
  const clock = new ManualClock();
  const stalls: string[] = [];
  const transfer = { progress: progress({}) as Pace | null };
  const bounds = {
    clientIdleTimeoutMs: 1000,
    clientMinRateBytesPerSecond: minRate,
    sourceIdleTimeoutMs: 2000,
  };
  const pace = new TransferPace(
    () => transfer.progress,
    clock,
    bounds,
    (of) => stalls.push(of),
  );
  return { clock, stalls, transfer, pace };
}

function progress(changes: Partial<Pace>): Pace {
  const still = { takenBytes: 0, pauses: 0, sentBytes: 0, idleMs: 0, arrivedBytes: 0 };
  return { ...still, waitsFor: 'client', ...changes };
}

t.test('a client that reads nothing for the bound is a stall', (t) => {
  const { clock, stalls } = watched();
  clock.advance(999);
  t.same(stalls, []);
  clock.advance(1);
  t.same(stalls, ['client']);
  t.equal(clock.pendingTimers, 0, 'told once');
  t.end();
});

t.test('every byte that the client takes restarts the bound', (t) => {
  const { clock, stalls, transfer } = watched();
  for (let takenBytes = 1; takenBytes < 10; takenBytes += 1) {
    clock.advance(900);
    transfer.progress = progress({ takenBytes });
  }
  t.same(stalls, []);
  clock.advance(1300);
  t.same(stalls, ['client']);
  t.end();
});

t.test('a client below the minimum rate is a stall', (t) => {
  const { clock, stalls, transfer } = watched(100);
  transfer.progress = progress({ takenBytes: 60 });
  clock.advance(500);
  transfer.progress = progress({ takenBytes: 100 });
  clock.advance(500);
  t.same(stalls, [], 'the rate, exactly');
  transfer.progress = progress({ takenBytes: 199 });
  clock.advance(1000);
  t.same(stalls, ['client'], 'a byte less over the next window');
  t.end();
});

t.test('time without bytes for the client does not count against it', (t) => {
  const { clock, stalls, transfer } = watched(100);
  for (let pauses = 1; pauses < 10; pauses += 1) {
    clock.advance(750);
    transfer.progress = progress({ pauses });
  }
  transfer.progress = progress({ waitsFor: 'feeder' });
  clock.advance(10_000);
  t.same(stalls, [], 'nor is time in which the next segment is awaited');
  t.end();
});

t.test('a source without progress has its own bound', (t) => {
  const { clock, stalls, transfer } = watched();
  clock.advance(750);
  transfer.progress = progress({ waitsFor: 'source', pauses: 1 });
  clock.advance(2000);
  t.same(stalls, []);
  clock.advance(250);
  t.same(stalls, ['source']);
  t.end();
});

t.test('the pace watch ends with the transfer, and by stop', (t) => {
  const one = watched();
  one.transfer.progress = null;
  one.clock.advance(5000);
  t.same(one.stalls, []);
  t.equal(one.clock.pendingTimers, 0);
  const other = watched();
  other.pace.stop();
  t.equal(other.clock.pendingTimers, 0);
  other.clock.advance(5000);
  t.same(other.stalls, []);
  t.end();
});

t.test('a growing file that receives bytes is not stalled', (t) => {
  const { clock, stalls, transfer } = watched();
  for (let arrivedBytes = 1; arrivedBytes < 10; arrivedBytes += 1) {
    transfer.progress = progress({ waitsFor: 'source', arrivedBytes });
    clock.advance(1900);
  }
  t.same(stalls, []);
  clock.advance(2100);
  t.same(stalls, ['source']);
  t.end();
});

t.test('bytes that arrive for the file do not excuse a client that reads nothing', (t) => {
  const { clock, stalls, transfer } = watched();
  for (let arrivedBytes = 1; arrivedBytes < 5; arrivedBytes += 1) {
    transfer.progress = progress({ arrivedBytes });
    clock.advance(250);
  }
  t.same(stalls, ['client']);
  t.end();
});

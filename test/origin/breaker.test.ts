import fc from 'fast-check';
import t from 'tap';
import {
  BREAKER_FAILURE_SPAN_MS,
  BREAKER_FAILURE_THRESHOLD,
  BREAKER_MAX_OPEN_MS,
  BREAKER_OPEN_MS,
  CircuitBreaker,
  type BreakerVerdict,
} from '#src/origin/breaker.js';
import { ManualClock } from '../fixtures/manual-clock.js';

function fetchOnce(breaker: CircuitBreaker, verdict: BreakerVerdict): boolean {
  const answer = breaker.ask();
  if (answer.kind === 'refused') return false;
  answer.settle(verdict);
  return true;
}

function opened(clock: ManualClock): CircuitBreaker {
  const breaker = new CircuitBreaker(clock);
  for (let i = 0; i < BREAKER_FAILURE_THRESHOLD; i++) fetchOnce(breaker, 'unreachable');
  return breaker;
}

void t.test('Breaker: opens after a number of failures in a row, and only then', (t) => {
  const breaker = new CircuitBreaker(new ManualClock());
  for (let i = 0; i < BREAKER_FAILURE_THRESHOLD - 1; i++) fetchOnce(breaker, 'failure');
  fetchOnce(breaker, 'abandoned');
  fetchOnce(breaker, 'success');
  t.match(breaker.state, { kind: 'closed', failures: 0 });
  for (let i = 0; i < BREAKER_FAILURE_THRESHOLD; i++) {
    t.equal(breaker.state.kind, 'closed');
    fetchOnce(breaker, 'unreachable');
  }
  t.equal(breaker.state.kind, 'open');
  t.strictSame(breaker.ask(), { kind: 'refused', retryAfterMs: BREAKER_OPEN_MS });
  t.end();
});

void t.test('Breaker: simultaneous failures of a reachable origin do not open it', (t) => {
  const clock = new ManualClock();
  const breaker = new CircuitBreaker(clock);
  for (let i = 0; i < 10 * BREAKER_FAILURE_THRESHOLD; i++) t.ok(fetchOnce(breaker, 'failure'));
  clock.advance(BREAKER_FAILURE_SPAN_MS);
  fetchOnce(breaker, 'success');
  fetchOnce(breaker, 'failure');
  clock.advance(BREAKER_FAILURE_SPAN_MS);
  for (let i = 2; i < BREAKER_FAILURE_THRESHOLD; i++) t.ok(fetchOnce(breaker, 'failure'));
  t.equal(breaker.state.kind, 'closed', 'long, but not often enough');
  fetchOnce(breaker, 'failure');
  t.equal(breaker.state.kind, 'open', 'often, and for long');
  t.end();
});

void t.test('Breaker: one probe after the wait closes or reopens it', (t) => {
  const clock = new ManualClock();
  const breaker = opened(clock);
  clock.advance(BREAKER_OPEN_MS - 1);
  t.strictSame(breaker.ask(), { kind: 'refused', retryAfterMs: 1 });
  clock.advance(1);
  const probe = breaker.ask();
  t.equal(probe.kind, 'permitted');
  t.equal(breaker.ask().kind, 'refused', 'only one');
  if (probe.kind === 'permitted') probe.settle('success');
  t.match(breaker.state, { kind: 'closed', failures: 0 });
  t.end();
});

void t.test('Breaker: failed probes double the wait up to its bound', (t) => {
  const clock = new ManualClock();
  const breaker = opened(clock);
  for (let waitMs = BREAKER_OPEN_MS, round = 0; round < 8; round++) {
    clock.advance(waitMs);
    t.ok(fetchOnce(breaker, 'failure'));
    waitMs = Math.min(waitMs * 2, BREAKER_MAX_OPEN_MS);
    t.strictSame(breaker.ask(), { kind: 'refused', retryAfterMs: waitMs });
  }
  t.end();
});

void t.test('Breaker: an abandoned probe lets the next request probe', (t) => {
  const clock = new ManualClock();
  const breaker = opened(clock);
  clock.advance(BREAKER_OPEN_MS);
  t.ok(fetchOnce(breaker, 'abandoned'));
  t.ok(fetchOnce(breaker, 'success'));
  t.equal(breaker.state.kind, 'closed');
  t.end();
});

void t.test('Breaker: a verdict counts once, and a late one changes nothing', (t) => {
  const clock = new ManualClock();
  const breaker = new CircuitBreaker(clock);
  const late = breaker.ask();
  const slow = breaker.ask();
  for (let i = 0; i < BREAKER_FAILURE_THRESHOLD; i++) fetchOnce(breaker, 'unreachable');
  const { state } = breaker;
  if (late.kind === 'permitted') late.settle('failure');
  t.equal(breaker.state, state, 'a failure from before does not lengthen the wait');
  clock.advance(BREAKER_OPEN_MS);
  const probe = breaker.ask();
  if (slow.kind === 'permitted') slow.settle('success');
  t.equal(breaker.state.kind, 'closed', 'a success proves more than the probe could');
  if (probe.kind === 'permitted') {
    probe.settle('failure');
    probe.settle('failure');
  }
  t.match(breaker.state, { kind: 'closed', failures: 0 });
  t.end();
});

void t.test('property: the breaker always admits a request in the end', (t) => {
  const verdict = fc.constantFrom<BreakerVerdict>('success', 'failure', 'unreachable', 'abandoned');
  const step = fc.record({ verdict, waitMs: fc.integer({ min: 0, max: 20_000 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const clock = new ManualClock();
      const breaker = new CircuitBreaker(clock);
      for (const { verdict: given, waitMs } of steps) {
        fetchOnce(breaker, given);
        clock.advance(waitMs);
      }
      clock.advance(BREAKER_MAX_OPEN_MS);
      t.ok(fetchOnce(breaker, 'success'));
      t.equal(breaker.state.kind, 'closed');
    }),
    { numRuns: 50 },
  );
  t.end();
});

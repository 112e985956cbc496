import t, { type Test } from 'tap';
import { type Filling, flightProgress, stateOfFetch } from '#src/cache/flight/flight-progress.js';
import { WatermarkRegistry, WatermarkWriter } from '#src/compute/watermark.js';
import { ManualClock } from '../../fixtures/manual-clock.js';

function filling(t: Test, more: Partial<Filling> = {}) {
  const hub = new WatermarkRegistry();
  t.teardown(() => {
    hub.close();
  });
  const watermark = hub.create();
  const clock = new ManualClock();
  clock.advance(100);
  const writer = new WatermarkWriter(watermark.shared, [], clock);
  const facts: Filling = {
    watermark,
    fetch: watermark,
    lengthBytes: 1000,
    gated: false,
    isAttested: () => false,
    ...more,
  };
  return { facts, writer, clock, watermark };
}

const at = (facts: Filling, clock: ManualClock) =>
  flightProgress(facts, undefined, clock.monotonic());

t.test('a fill is queued before a worker takes it, and a failure there is reported', async (t) => {
  t.match(flightProgress(undefined, undefined, 0), { state: { kind: 'queued' }, settled: false });
  const end = { kind: 'failed', error: { code: 'no-space' } } as const;
  t.match(flightProgress(undefined, end, 0), {
    state: { kind: 'failed', cause: 'no-space' },
    settled: true,
    receivedBytes: 0,
  });
});

t.test('a fill shows the phases that its worker enters', async (t) => {
  const { facts, writer, clock } = filling(t);
  t.match(at(facts, clock).state, { kind: 'queued' });
  writer.enter('connecting');
  t.match(at(facts, clock).state, { kind: 'connecting' });
  clock.advance(1000);
  t.match(at(facts, clock).state, { kind: 'stalled', sinceMs: 1000, of: 'origin' });
  writer.enter('throttled');
  clock.advance(60_000);
  t.match(at(facts, clock).state, { kind: 'throttled' }, 'a pause that was meant is no stall');
  writer.enter('receiving');
  writer.received(10);
  clock.advance(999);
  t.match(at(facts, clock), { receivedBytes: 10, state: { kind: 'receiving' } });
  clock.advance(1);
  t.match(at(facts, clock).state, { kind: 'stalled', sinceMs: 1000, of: 'origin' });
  writer.enter('writing');
  clock.advance(1500);
  t.match(at(facts, clock).state, { kind: 'stalled', sinceMs: 1500, of: 'disk' });
  writer.received(1000);
  t.match(at(facts, clock), { receivedBytes: 1000, state: { kind: 'verifying' } });
});

t.test('a silence ends with the later of the last byte and the last change of phase', async (t) => {
  const { watermark: fetch, writer: exchange, clock } = filling(t);
  const { facts } = filling(t, { fetch });
  exchange.enter('receiving');
  clock.advance(5000);
  t.match(stateOfFetch(fetch, clock.monotonic()), { kind: 'stalled', sinceMs: 5000 });
  t.match(stateOfFetch(fetch, clock.monotonic(), clock.monotonic() - 10), { kind: 'receiving' });
  t.match(
    at(facts, clock).state,
    { kind: 'stalled' },
    'the exchange decides the state of its flight',
  );
});

t.test('verified bytes are past the gate; committed bytes are in the store', async (t) => {
  const gated = filling(t, { gated: true });
  gated.writer.received(700);
  gated.writer.advance(512);
  const before = at(gated.facts, gated.clock);
  t.match(before, { receivedBytes: 700, verifiedBytes: 512, committedBytes: 0 });
  const open = filling(t);
  open.writer.received(700);
  open.writer.advance(700);
  t.match(at(open.facts, open.clock), { verifiedBytes: 0 });
  const held = flightProgress(open.facts, { kind: 'held' }, 0);
  t.match(held, {
    committedBytes: 700,
    verifiedBytes: 0,
    state: { kind: 'done' },
    settled: true,
  });
  t.match(flightProgress(open.facts, { kind: 'uncached' }, 0), { committedBytes: 0 });
  const attested = { ...open.facts, isAttested: () => true };
  t.match(flightProgress(attested, { kind: 'held' }, 0), { verifiedBytes: 700 });
  const failed = { kind: 'failed', error: { code: 'origin-corrupt' } } as const;
  t.match(flightProgress(attested, failed, 0), { verifiedBytes: 0, committedBytes: 0 });
});

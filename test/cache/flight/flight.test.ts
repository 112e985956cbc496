import t, { type Test } from 'tap';
import { Flight } from '#src/cache/flight/flight.js';
import { WatermarkRegistry } from '#src/compute/watermark.js';
import { ForebayError } from '#src/model/errors.js';
import type { OpenFile } from '#src/model/segment.js';
import type { ChunkDraft, HeldChunk } from '#src/model/store.js';

const LOST = new ForebayError('cancelled', 'gone', { source: 'internal', retryable: true });
const BAD = new ForebayError('origin-reset', 'reset', { source: 'origin', retryable: true });

/** A draft and a held chunk that tell what became of them. */
function parts(t: Test) {
  const hub = new WatermarkRegistry();
  t.teardown(() => {
    hub.close();
  });
  const seen = { users: 0, discarded: 0, released: 0, idle: 0 };
  const file: OpenFile = {
    fd: -1,
    retain: () => (seen.users += 1),
    release: () => (seen.users -= 1),
  };
  const draft: ChunkDraft = {
    file,
    lengthBytes: 100,
    placement: 'disk',
    movedToMemory: () => undefined,
    discard: () => (seen.discarded += 1),
  };
  const record = { index: 0, lengthBytes: 100, id: '' as never, groupIds: new Uint8Array() };
  const held: HeldChunk = {
    file,
    record,
    verified: true,
    markVerified: () => undefined,
    release: () => (seen.released += 1),
  };
  const flight = new Flight(3, () => (seen.idle += 1));
  return { flight, draft, held, seen, watermark: hub.create() };
}

t.test("a Flight's reader reads during the fill, and its lease ends when it leaves", async (t) => {
  const { flight, draft, held, seen, watermark } = parts(t);
  t.equal(flight.view(), undefined, 'no view before the start');
  flight.begin(draft, watermark);
  const view = flight.view();
  t.equal(view?.watermark, watermark);
  t.equal(view?.failure(), undefined);
  t.ok(flight.isWanted);
  flight.publish(100);
  t.equal(watermark.state, 'complete');
  flight.filled(held);
  t.same(await flight.whenEnded, { kind: 'held' });
  t.same([seen.released, seen.discarded, seen.users], [0, 0, 1], 'held for its reader');
  view?.release();
  view?.release();
  t.same([seen.released, seen.discarded, seen.users], [1, 0, 0], 'released once');
  t.notOk(flight.isWanted);
});

t.test('a Flight without readers releases its chunk at its end', async (t) => {
  const { flight, draft, held, seen, watermark } = parts(t);
  flight.begin(draft, watermark);
  flight.view()?.release();
  t.same([seen.released, seen.discarded], [0, 0], 'a chunk in flight always finishes');
  flight.filled(held);
  t.same([seen.released, seen.discarded], [1, 0]);
});

t.test('a chunk that could not be stored is readable until its last reader leaves', async (t) => {
  const { flight, draft, seen, watermark } = parts(t);
  flight.begin(draft, watermark);
  const [one, other] = [flight.view(), flight.view()];
  flight.filled(null);
  one?.release();
  const late = flight.view();
  t.ok(late, 'a late reader has a view too');
  other?.release();
  t.equal(seen.discarded, 0);
  late?.release();
  t.equal(seen.discarded, 1);
});

t.test('a failed Flight gives readers its error and whether a retry may succeed', async (t) => {
  for (const kind of ['failed', 'leader-failed'] as const) {
    const { flight, draft, seen, watermark } = parts(t);
    flight.begin(draft, watermark);
    const view = flight.view();
    flight.fail({ kind, error: kind === 'failed' ? BAD : LOST });
    t.equal(watermark.state, 'failed');
    const failure = view?.failure();
    if (kind === 'failed') t.equal(failure, BAD);
    else t.match(failure, { code: 'internal', retryable: true, cause: LOST });
    t.equal(flight.view(), undefined, 'no further reader joins');
    view?.release();
    t.equal(seen.discarded, 1);
    t.match(await flight.whenEnded, { kind });
  }
});

t.test('a refused leader gets the refusal; its followers may retry', async (t) => {
  const { flight, draft, watermark } = parts(t);
  const refused = new ForebayError('origin-denied', 'no', { source: 'origin', retryable: false });
  flight.begin(draft, watermark);
  const [leader, follower] = [flight.view(true), flight.view()];
  flight.fail({ kind: 'leader-failed', error: refused });
  t.equal(leader?.failure(), refused);
  t.match(follower?.failure(), { code: 'internal', retryable: true, cause: refused });
  leader?.release();
  follower?.release();
});

t.test('a Flight ends once: later ends change nothing', async (t) => {
  const { flight, draft, held, watermark } = parts(t);
  flight.begin(draft, watermark);
  flight.fail({ kind: 'failed', error: BAD });
  flight.filled(held);
  flight.fail({ kind: 'leader-failed', error: LOST });
  t.match(await flight.whenEnded, { kind: 'failed', error: BAD });
});

t.test('each waiter of a Flight counts once until it leaves', async (t) => {
  const { flight, seen } = parts(t);
  const [leave, stay] = [flight.addWaiter(), flight.addWaiter()];
  leave();
  leave();
  t.ok(flight.isWanted);
  t.equal(seen.idle, 0);
  stay();
  t.notOk(flight.isWanted);
  t.equal(seen.idle, 1);
});

t.test('a wait for the start of a Flight ends with its end too', async (t) => {
  const { flight } = parts(t);
  const { whenStarted: begun } = flight;
  flight.fail({ kind: 'leader-failed', error: LOST });
  t.match(await begun, { kind: 'ended', end: { kind: 'leader-failed' } });
});

t.test('a Flight is promoted and dropped in the queue as its waiters require', async (t) => {
  const { flight } = parts(t);
  const calls: string[] = [];
  flight.promote();
  flight.drop();
  flight.queuedAs({
    promote: () => calls.push('promote'),
    dropIfQueued: () => calls.push('drop') > 0,
  });
  flight.promote();
  flight.drop();
  t.same(calls, ['promote', 'drop']);
});

t.test('a Flight keeps its own file until all readers leave, though not stored', async (t) => {
  const { flight, draft, held, seen, watermark } = parts(t);
  flight.begin(draft, watermark);
  // A reader that waits for the check of the digest has no view yet.
  const leave = flight.addWaiter();
  draft.file.retain();
  flight.publish(100);
  const older: OpenFile = { fd: -2, retain: () => t.fail(), release: () => t.fail() };
  flight.filled({ ...held, file: older });
  draft.file.release();
  t.equal(seen.users, 1, 'the draft is kept for the waiter');
  const view = flight.view();
  t.equal(view?.file, draft.file, 'whose bytes were checked');
  leave();
  view?.release();
  t.same([seen.users, seen.released], [0, 1]);
  t.equal(flight.view(), undefined, 'a later reader looks up the store');
});

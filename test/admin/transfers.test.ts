import t from 'tap';
import { TransfersView } from '#src/admin/transfers.js';
import type { FillSnapshot } from '#src/cache/api/fill-snapshot.js';
import { TargetMatcher } from '#src/cache/operator/selection.js';
import type { RequestSnapshot } from '#src/http/exchange/request-watch.js';
import { TransferTable } from '#src/telemetry/transfer-table.js';
import { ManualClock } from '../fixtures/manual-clock.js';

const COUNTS = { receivedBytes: 0, verifiedBytes: 0, committedBytes: 0 };

function view() {
  const clock = new ManualClock();
  const requests = new TransferTable<RequestSnapshot>('r', clock);
  const fills = new TransferTable<FillSnapshot>('f', clock);
  const transfers = new TransfersView({
    requests,
    fills,
    targets: new TargetMatcher(new Map()),
    clock,
  });
  const facts = { ...COUNTS, origin: 'o', startedAtMs: clock.now(), lengthBytes: null };
  const request = (sentBytes: () => number, more: Partial<RequestSnapshot> = {}) =>
    requests.start((id) => ({
      ...facts,
      id,
      requestId: 'i',
      method: 'GET',
      target: '/a',
      range: null,
      answered: false,
      sentBytes: sentBytes(),
      state: { kind: 'queued' },
      ...more,
    }));
  const contact = (state: FillSnapshot['state']) =>
    fills.start((id) => ({ ...facts, id, uri: 'https://x.example/a', chunk: null, state }));
  return { clock, transfers, request, contact };
}

t.test('a waiting request shows the state of the contact it waits for', async (t) => {
  const { transfers, request, contact } = view();
  request(() => 0);
  t.match(transfers.look().transfers, [{ id: 'r1', state: { kind: 'queued' } }]);
  contact({ kind: 'stalled', sinceMs: 4000, of: 'origin' });
  const { transfers: seen } = transfers.look();
  t.match(seen, [
    { id: 'r1', kind: 'request', state: { kind: 'stalled', sinceMs: 4000 } },
    { id: 'f1', kind: 'fill', target: '/a', chunk: null },
  ]);
});

t.test('rates are measured between two looks and end with the transfer', async (t) => {
  const { clock, transfers, request } = view();
  let sent = 0;
  const state = { kind: 'serving' } as const;
  const entry = request(() => sent, { answered: true, state });
  t.equal(transfers.look().transfers[0]?.rateBytesPerSecond, null);
  sent = 5000;
  clock.advance(500);
  t.equal(transfers.look().transfers[0]?.rateBytesPerSecond, 10_000);
  entry.drop();
  const done = request(() => sent, { answered: true, state: { kind: 'done' } });
  clock.advance(500);
  t.equal(transfers.look().transfers[0]?.rateBytesPerSecond, null);
  done.drop();
});

t.test('a long list of transfers is cut and marked as cut', async (t) => {
  const { transfers, request } = view();
  for (let count = 0; count < 1003; count += 1) request(() => 0);
  t.match(transfers.look(), { omitted: 3 });
  t.equal(transfers.look().transfers.length, 1000);
});

/**
 * What the admin API tells of transfers is what happens: stalls show, nothing moves that did not.
 */
import t from 'tap';
import { type TransferBody, transferList } from '#src/admin/shapes.js';
import { adminOf } from '../fixtures/admin-client.js';
import { RUNNING_CHUNK_BYTES as C, startForebay } from '../fixtures/running.js';
import { bytesOf, fresh, runOrigin, sizeOf } from '../fixtures/running-origin.js';
import { createGate } from '../fixtures/scripted-origin.js';

const PATIENT = { idleTimeout: '60s', firstByteTimeout: '60s', requestTimeout: '80s' };

function stalledMs({ state }: TransferBody): number {
  return state.kind === 'stalled' && state.of === 'origin' ? state.sinceMs : -1;
}

t.test('a stalled origin is shown as stalled ever longer, with constant counts', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 1) });
  const gate = createGate();
  origin.script({ actions: [{ kind: 'gate', at: 10_000, gate }] });
  const forebay = await startForebay(t, { origin, fill: PATIENT });
  const admin = adminOf(forebay);
  const got = forebay.get('/a');
  await gate.reached;
  let last = { request: 0, fill: 0 };
  for (let seen = 0; seen < 3;) {
    const body = await admin.read('/api/v1/transfers');
    t.same(transferList.parse(body), body);
    const { transfers } = transferList.parse(body);
    const request = transfers.find(({ kind }) => kind === 'request');
    const fill = transfers.find(({ kind, chunk }) => kind === 'fill' && chunk === 0);
    if (request === undefined || fill === undefined) continue;
    for (const one of [request, fill]) {
      if (one.receivedBytes > 10_000 || one.committedBytes > 0) t.fail(JSON.stringify(one));
    }
    const now = { request: stalledMs(request), fill: stalledMs(fill) };
    if (now.request <= last.request || now.fill <= last.fill) continue;
    t.ok(now.fill >= 1000, 'a silence shorter than a second is none');
    t.match(fill, { receivedBytes: 10_000, verifiedBytes: 0, lengthBytes: sizeOf(1) });
    t.match(request, { receivedBytes: 10_000, sentBytes: 10_000, lengthBytes: sizeOf(1) });
    last = now;
    seen += 1;
  }
  gate.open();
  t.ok((await got).body.equals(bytesOf(1, 1)));
  const ended = await admin.until(admin.transfers, (transfers) =>
    transfers.every(({ state }) => state.kind === 'done'),
  );
  t.equal(ended.length, 2, JSON.stringify(ended));
  for (const one of ended) {
    t.match(one, { receivedBytes: sizeOf(1), committedBytes: sizeOf(1), verifiedBytes: 0 });
  }
});

t.test('an origin that sends nothing is shown as a stalled contact', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 1) });
  const gate = createGate();
  origin.script({ actions: [{ kind: 'gate', at: -1, gate }] });
  const forebay = await startForebay(t, { origin, fill: PATIENT });
  const admin = adminOf(forebay);
  const got = forebay.get('/a');
  await gate.reached;
  const early = await admin.until(admin.transfers, (all) =>
    all.some(({ kind }) => kind === 'fill'),
  );
  t.ok(
    early.every(({ receivedBytes, lengthBytes }) => receivedBytes === 0 && lengthBytes === null),
  );
  const late = await admin.until(admin.transfers, (all) => all.every((one) => stalledMs(one) > 0));
  t.same(late.map(({ kind }) => kind).sort(), ['fill', 'request']);
  t.match(
    late.find(({ kind }) => kind === 'fill'),
    { chunk: null, target: '/a', origin: 'origin' },
  );
  gate.open();
  t.ok((await got).body.equals(bytesOf(1, 1)));
});

t.test('a client that reads nothing is shown as the stalled one', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 24) });
  const forebay = await startForebay(t, { origin });
  const admin = adminOf(forebay);
  const open = await forebay.open('/a');
  const isStalled = ({ kind, state }: TransferBody): boolean =>
    kind === 'request' && state.kind === 'stalled' && state.of === 'client';
  const seen = await admin.until(admin.transfers, (all) => all.some(isStalled));
  const request = seen.find(isStalled);
  t.ok((request?.sentBytes ?? 0) < sizeOf(24));
  t.equal(request?.lengthBytes, sizeOf(24));
  open.leave();
  const gone = await admin.until(admin.transfers, (all) =>
    all.some(({ kind, state }) => kind === 'request' && state.kind === 'failed'),
  );
  t.match(gone.find(({ kind }) => kind === 'request')?.state, {
    kind: 'failed',
    cause: 'client-aborted',
  });
});

t.test('final counts are exact for misses, ranges and hits', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 4) });
  const forebay = await startForebay(t, { origin });
  const admin = adminOf(forebay);
  const ended = async (count: number): Promise<TransferBody[]> => {
    const all = await admin.until(admin.transfers, (transfers) => {
      const over = transfers.filter(({ state }) => state.kind === 'done');
      return over.filter(({ kind }) => kind === 'request').length === count;
    });
    return all.filter(({ kind }) => kind === 'request');
  };
  await forebay.range('/a', C - 10, C + 20);
  const [part] = await ended(1);
  t.match(part, { sentBytes: 30, receivedBytes: 30, committedBytes: 30, lengthBytes: 30 });
  t.equal(part?.range, `bytes=${String(C - 10)}-${String(C + 19)}`);
  await forebay.get('/a');
  const whole = (await ended(2)).at(-1);
  const rest = sizeOf(4) - 2 * C;
  t.match(whole, { sentBytes: sizeOf(4), receivedBytes: rest, committedBytes: rest });
  await forebay.get('/a');
  const hit = (await ended(3)).at(-1);
  t.match(hit, { sentBytes: sizeOf(4), receivedBytes: 0, committedBytes: 0, verifiedBytes: 0 });
  t.equal(origin.bodyBytes, sizeOf(4), 'the origin gave what was told, and no more');
});

t.test('bytes with recorded ids are verified as they arrive', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 20), '/b': fresh(2, 20) });
  const forebay = await startForebay(t, {
    origin,
    // Room for one of the two: the first goes, its ids stay.
    cache: { capacity: '26MiB' },
    fill: { threads: 1 },
  });
  const admin = adminOf(forebay);
  await forebay.get('/a');
  await forebay.get('/b');
  const gate = createGate();
  origin.script({ path: '/a', actions: [{ kind: 'gate', at: 100, gate }] });
  const got = forebay.range('/a', 0, C);
  await gate.reached;
  gate.open();
  await got;
  const seen = await admin.until(admin.transfers, (all) =>
    all.some(({ kind, verifiedBytes }) => kind === 'request' && verifiedBytes > 0),
  );
  const request = seen.find(({ verifiedBytes, kind }) => kind === 'request' && verifiedBytes > 0);
  t.match(request, { verifiedBytes: C, receivedBytes: C });
});

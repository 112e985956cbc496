import t from 'tap';
import { OriginExchange } from '#src/cache/fill/origin-exchange.js';
import { fresh, sizeOf } from '../../fixtures/running-origin.js';
import { type Room, startRoom } from '../../fixtures/running-room.js';
import { createGate } from '../../fixtures/scripted-origin.js';

function start(room: Room, range: { start: number; end: number } | null = null) {
  const fetchContext = room.fetchContext('/a');
  const target = fetchContext.source.target();
  return OriginExchange.start(room.services, fetchContext, { target, range, conditions: {} });
}

t.test('OriginExchange: the head comes first; a stop there reads no body', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 30) } });
  const exchange = start(room);
  const head = await exchange.head;
  t.equal(head.status, 200);
  t.equal(head.contentLength, sizeOf(30));
  exchange.stop();
  t.match(await exchange.result, { kind: 'stopped' });
  t.equal(room.services.pools.fill.active, 0);
});

t.test('OriginExchange: a head without content needs no verdict', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 1) } });
  room.origin.next({ kind: 'redirect', to: '/b' });
  const exchange = start(room);
  t.equal((await exchange.head).status, 302);
  t.match(await exchange.result, { kind: 'stopped' });
});

t.test('OriginExchange: without a head it rejects with the reason after its retries', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 1) } });
  room.origin.script({ actions: [{ kind: 'garbage', bytes: 'SMTP 220 hello\r\n\r\n' }] });
  const exchange = start(room);
  await t.rejects(exchange.head, { code: 'origin-protocol', source: 'origin' });
  t.match(await exchange.result, { kind: 'failed' });
  t.equal(room.origin.requests.length, 3);
});

t.test('OriginExchange: a slot is reported written before the next is requested', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 2) } });
  const exchange = start(room);
  await exchange.head;
  const draft = await room.chunks.draft(1024 * 1024);
  const events = new Promise<string[]>((resolve) => {
    const seen: string[] = [];
    exchange.listen((event) => {
      seen.push(event.kind);
      if (seen.length === 2) resolve(seen);
    });
  });
  exchange.reply({
    kind: 'slot',
    slot: {
      fd: draft.file.fd,
      index: 0,
      start: 0,
      lengthBytes: 1024 * 1024,
      watermark: room.services.watermarks.create().shared,
      withheld: false,
      expectedGroupIds: null,
    },
  });
  t.same(await events, ['wrote', 'want']);
  exchange.reply({ kind: 'stop' });
  t.match(await exchange.result, { kind: 'stopped' });
  draft.discard();
});

t.test('OriginExchange: a cancel in mid-body closes the connection', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 2) } });
  const gate = createGate();
  room.origin.next({ kind: 'gate', at: 1000, gate });
  const exchange = start(room, { start: 0, end: 1024 * 1024 });
  await exchange.head;
  const draft = await room.chunks.draft(1024 * 1024);
  exchange.reply({
    kind: 'slot',
    slot: {
      fd: draft.file.fd,
      index: 0,
      start: 0,
      lengthBytes: 1024 * 1024,
      watermark: room.services.watermarks.create().shared,
      withheld: false,
      expectedGroupIds: null,
    },
  });
  await gate.reached;
  exchange.stop();
  t.match(await exchange.result, { kind: 'failed', error: { code: 'cancelled' } });
  gate.open();
  draft.discard();
});

t.test('OriginExchange: a closed pool rejects', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 1) } });
  await room.services.pools.close();
  const exchange = start(room);
  await t.rejects(exchange.head, { code: 'cancelled' });
  t.match(await exchange.result, { kind: 'failed', error: { code: 'cancelled' } });
});

import { closeSync, openSync } from 'node:fs';
import t from 'tap';
import { Pump } from '#src/compute/pump.js';
import { type Rest, type RestEnd, type RestSendOptions, sendRest } from '#src/send/rest-send.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import { openLine } from '../fixtures/pumping.js';
import { recognisable, TestFile } from '../fixtures/sending.js';
import { eventually } from '../fixtures/store-eventually.js';
import { waitUntil } from '../fixtures/wait-until.js';

const MEBIBYTE = 1024 * 1024;
const HEAD = Buffer.from('the end of a head\r\n\r\n');
const NO_HEAD = Buffer.alloc(0);

const pump = new Pump();
t.teardown(() => {
  pump.close();
});

/** Sends, and keeps in which order things were told. */
function send(fd: number, rest: Rest, more: Partial<RestSendOptions> = {}) {
  const clock = new ManualClock();
  const bounds = {
    clientIdleTimeoutMs: 1000,
    clientMinRateBytesPerSecond: 0,
    sourceIdleTimeoutMs: 1000,
  };
  const told: string[] = [];
  const ending = sendRest(fd, rest, () => told.push('released'), {
    pump,
    clock,
    ...bounds,
    ...more,
  });
  const ended = ending.then((end: RestEnd) => {
    told.push(end.reason);
    return end;
  });
  return { clock, told, ended };
}

t.test('sendRest sends a head, a file, or both', async (t) => {
  const bytes = recognisable(100_000);
  const { fd } = new TestFile(t, bytes);
  const file = { fd, offset: 10, length: 90_000 };
  const body = bytes.subarray(10, 90_010);
  for (const [rest, expected] of [
    [{ head: HEAD, file }, Buffer.concat([HEAD, body])],
    [{ head: NO_HEAD, file }, body],
    [{ head: HEAD, file: null }, HEAD],
    [{ head: NO_HEAD, file: null }, NO_HEAD],
  ] as const) {
    const line = await openLine(t);
    const { clock, told, ended } = send(line.fd, rest);
    t.same(await ended, { reason: 'complete', bytesSent: expected.length });
    t.same(told, ['released', 'complete']);
    t.ok((await line.receives(expected.length)).equals(expected));
    t.equal(clock.pendingTimers, 0);
    t.notOk(line.near.destroyed, 'the connection goes on');
  }
});

t.test('sendRest: after the release file and connection may be used elsewhere', async (t) => {
  const bytes = recognisable(MEBIBYTE);
  const { path } = new TestFile(t, bytes);
  const fd = openSync(path, 'r');
  const line = await openLine(t);
  const { ended } = send(line.fd, { head: HEAD, file: { fd, offset: 0, length: MEBIBYTE } });
  t.match(await ended, { reason: 'complete' });
  closeSync(fd);
  line.near.write('next');
  const all = await line.receives(HEAD.length + MEBIBYTE + 4);
  t.ok(all.equals(Buffer.concat([HEAD, bytes, Buffer.from('next')])));
});

t.test('sendRest: a client that disconnects ends with client-closed', async (t) => {
  const bytes = recognisable(32 * MEBIBYTE);
  const { fd } = new TestFile(t, bytes);
  const line = await openLine(t);
  line.far.once('data', () => line.far.resetAndDestroy());
  const file = { fd, offset: 0, length: bytes.length };
  const { clock, told, ended } = send(line.fd, { head: HEAD, file });
  const { reason, bytesSent } = await ended;
  t.equal(reason, 'client-closed');
  t.ok(bytesSent >= HEAD.length && bytesSent < bytes.length, String(bytesSent));
  t.same(told, ['released', 'client-closed']);
  t.equal(clock.pendingTimers, 0);
});

t.test('sendRest: invalid descriptors end with an error', async (t) => {
  const { fd } = new TestFile(t, recognisable(1000));
  const file = { fd, offset: 0, length: 1000 };
  const line = await openLine(t);
  for (const [socket, rest] of [
    [1_000_000, { head: HEAD, file }],
    [1_000_000, { head: HEAD, file: null }],
    [line.fd, { head: HEAD, file: { ...file, fd: 1_000_000 } }],
  ] as const) {
    const { clock, told, ended } = send(socket, rest);
    await t.rejects(ended, { code: 'EBADF' });
    t.same(told, ['released']);
    t.equal(clock.pendingTimers, 0);
  }
  t.ok(await eventually(() => pump.running === 0), 'nothing of it is left');
  await line.receives(HEAD.length + 1);
  t.pass('an answer that cannot go on is cut off');
});

t.test('sendRest: a client that reads nothing ends with client-idle', async (t) => {
  const bytes = recognisable(32 * MEBIBYTE);
  const { fd } = new TestFile(t, bytes);
  const line = await openLine(t, true);
  const file = { fd, offset: 0, length: bytes.length };
  const { clock, told, ended } = send(line.fd, { head: HEAD, file });
  clock.advance(999);
  await new Promise(setImmediate);
  t.same(told, []);
  // When it took the last byte that there was room for is not told.
  await waitUntil(
    'the send has ended',
    () => told.length > 0,
    () => {
      clock.advance(250);
    },
  );
  const { reason, bytesSent } = await ended;
  t.equal(reason, 'client-idle');
  t.same(told, ['released', 'client-idle']);
  t.equal(clock.pendingTimers, 0);
  line.far.resume();
  const received = await line.receives(bytes.length);
  t.ok(received.length <= bytesSent && bytesSent < bytes.length, 'its connection was cut');
});

t.test('sendRest: a client below the minimum rate ends with client-idle', async (t) => {
  const bytes = recognisable(32 * MEBIBYTE);
  const { fd } = new TestFile(t, bytes);
  const line = await openLine(t, true);
  const file = { fd, offset: 0, length: bytes.length };
  const clientMinRateBytesPerSecond = Number.MAX_SAFE_INTEGER;
  const bounds = { clientIdleTimeoutMs: 1000, clientMinRateBytesPerSecond };
  const { clock, ended } = send(line.fd, { head: NO_HEAD, file }, bounds);
  await waitUntil(
    'no transfer runs',
    () => pump.running === 0,
    () => {
      clock.advance(1000);
    },
  );
  t.match(await ended, { reason: 'client-idle' });
});

t.test('sendRest: a short file ends with source-failed', async (t) => {
  const bytes = recognisable(1000);
  const { fd } = new TestFile(t, bytes);
  const line = await openLine(t);
  const { told, ended } = send(line.fd, { head: HEAD, file: { fd, offset: 100, length: 1000 } });
  t.same(await ended, { reason: 'source-failed', bytesSent: HEAD.length + 900 });
  t.same(told, ['released', 'source-failed']);
});

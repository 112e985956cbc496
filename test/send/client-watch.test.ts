import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import t from 'tap';
import { ClientWatch, GONE } from '#src/send/client-watch.js';
import { ManualClock } from '../fixtures/manual-clock.js';

function watched() {
  const clock = new ManualClock();
  const socket = new Socket();
  const response = new ServerResponse(new IncomingMessage(socket));
  return { clock, socket, response, watch: new ClientWatch(response, clock, 1000) };
}

const never = new Promise<never>(() => undefined);

t.test('ClientWatch: work that settles in time is passed through', async (t) => {
  const { watch, clock } = watched();
  t.equal(await watch.whilePresent(Promise.resolve(5)), 5);
  t.equal(await watch.whileTaking(Promise.resolve(6)), 6);
  t.equal(clock.pendingTimers, 0, 'the idle timer is gone');
  await t.rejects(watch.whilePresent(Promise.reject(new Error('x'))), { message: 'x' });
  t.equal(watch.end, null);
});

t.test('ClientWatch: a disconnect ends the wait and every later one', async (t) => {
  const { watch, response } = watched();
  const wait = watch.whilePresent(never);
  response.emit('close');
  t.equal(await wait, GONE);
  t.equal(watch.end, 'client-closed');
  t.equal(await watch.whileTaking(never), GONE);
});

t.test('ClientWatch: a rejection after the disconnect is not unhandled', async (t) => {
  const { watch } = watched();
  watch.finish('client-closed');
  let fail: (error: Error) => void = () => undefined;
  const work = new Promise<void>((_resolve, reject) => {
    fail = reject;
  });
  t.equal(await watch.whilePresent(work), GONE);
  fail(new Error('late'));
  await new Promise((resolve) => setImmediate(resolve));
});

t.test('ClientWatch: only waits for the client have the idle bound', async (t) => {
  const { watch, clock } = watched();
  const present = watch.whilePresent(never);
  clock.advance(5000);
  t.equal(watch.end, null);
  watch.finish('client-closed');
  await present;

  const other = watched();
  const taking = other.watch.whileTaking(never);
  other.clock.advance(999);
  t.equal(other.watch.end, null);
  other.clock.advance(1);
  t.equal(await taking, GONE);
  t.equal(other.watch.end, 'client-idle');
  other.response.emit('close');
  t.equal(other.watch.end, 'client-idle', 'the first ending stands');
});

t.test('ClientWatch: a connection closed before is reported at once', (t) => {
  const { socket, response, clock } = watched();
  socket.destroy();
  t.equal(new ClientWatch(response, clock, 1000).end, 'client-closed');
  t.end();
});

t.test('ClientWatch: stop removes its listener', (t) => {
  const { watch, response } = watched();
  const before = response.listenerCount('close');
  watch.stop();
  t.equal(response.listenerCount('close'), before - 1);
  t.end();
});

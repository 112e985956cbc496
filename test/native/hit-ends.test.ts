/** Arguments of a hit server that are none, its end, and what happens to it at the same time. */
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { HitServer } from '#src/compute/hit-server.js';
import { native } from '#src/compute/native.js';
import { systemClock } from '#src/model/time.js';
import { HEADS, headOf, LONG_MS, restOf, startHits } from '../fixtures/hit-serving.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import { getRequest, recognisable, TestFile } from '../fixtures/sending.js';
import { eventually } from '../fixtures/store-eventually.js';

const SMALL = recognisable(1000);
const ASK = getRequest('/a', 'x-request-id: me\r\nrange: bytes=0-4\r\n');
const ANSWER = headOf('me', 1000, { start: 0, end: 5 }) + SMALL.toString('latin1', 0, 5);

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

t.test('hit server: invalid arguments are refused and change nothing', async (t) => {
  for (const threads of [0, -1, 65, 1.5, NaN]) {
    t.throws(() => native.createHitServer(threads, 1), { name: 'RangeError' });
  }
  t.throws(() => native.createHitServer(1, -1), { name: 'RangeError' });
  const { connect } = await startHits(t);
  const { fd: file } = new TestFile(t, SMALL);
  const { fd } = await connect();
  const server = native.createHitServer(1, 1000);
  t.teardown(() => {
    server.close();
  });
  const loose = server as unknown as Readonly<Record<string, (...all: unknown[]) => unknown>>;
  const before = openDescriptors();
  const most = Number.MAX_SAFE_INTEGER;
  const good: Readonly<Record<string, readonly unknown[]>> = {
    watch: [fd],
    release: [most],
    resume: [most],
    takePartialHit: [most],
    define: ['/a', 1, 1000],
    remove: [2],
    grant: [1, '', '', '', '', '', LONG_MS],
    open: [1, 1, file, 0, 1000, LONG_MS],
    keep: [1, 1, LONG_MS],
    revoke: [1, 2],
    takeRecords: [Buffer.alloc(127)],
  };
  for (const [name, all] of Object.entries(good)) {
    for (const [index, argument] of all.entries()) {
      const wrong =
        typeof argument === 'number'
          ? [-1, 1.5, NaN, 2 ** 53, '1', undefined, null, 1n]
          : [1, undefined, null, {}, [], new Uint16Array(1)];
      for (const value of wrong) {
        const call = () => loose[name]?.(...all.with(index, value));
        const expected = typeof value === 'number' && typeof argument === 'number';
        t.throws(call, { name: expected ? 'RangeError' : 'TypeError' }, `${name} ${String(index)}`);
      }
    }
    t.throws(() => loose[name]?.(), { name: 'TypeError' });
  }
  t.throws(() => loose['keep']?.(1, 1, LONG_MS + 1), { name: 'RangeError' }, 'for so long');
  t.throws(() => server.watch(1_000_000), { code: 'EBADF' });
  t.throws(() => server.watch(file), { code: 'EPERM' }, 'no connection');
  t.throws(
    () => {
      server.open(1, 1, 1_000_000, 0, 1, 1);
    },
    { code: 'EBADF' },
  );
  t.equal(openDescriptors(), before);
  t.equal(server.take().length, 0);
  for (const [name, all] of Object.entries(good)) t.doesNotThrow(() => loose[name]?.(...all), name);
  t.equal(openDescriptors(), before + 2);
});

t.test('hit server: a redefined token has its new target only', async (t) => {
  const { server, heard, watched } = await startHits(t);
  const file = new TestFile(t, SMALL);
  server.define('/a', 1, 1000);
  server.define('/b', 1, 1000);
  server.grant(1, HEADS, LONG_MS);
  server.open(1, { number: 1, fd: file.fd }, { begin: 0, end: 1000 }, LONG_MS);
  const { client, id } = await watched();
  client.write(ASK.replace('/a', '/b'));
  await heard.until(({ records }) => records.length === 1);
  client.write(ASK);
  await heard.until(({ handed }) => handed.includes(id));
  server.remove(1);
  const other = await watched();
  other.client.write(ASK);
  await heard.until(({ handed }) => handed.includes(other.id));
});

t.test('hit server: a missing listener does not crash it', async (t) => {
  const { connect } = await startHits(t);
  const clock = new ManualClock();
  const server = new HitServer(1, 1000, clock);
  server.define('/a', 1, 1000);
  server.grant(1, HEADS, LONG_MS);
  const { client, fd } = await connect();
  server.watch(fd);
  await client.write(ASK.replace('GET', 'HEAD')).has(HEADS.last);
  client.write('x');
  t.ok(await eventually(() => (server.settle(), clock.pendingTimers > 0)));
  server.close();
  t.equal(clock.pendingTimers, 0);
});

t.test('hit server: close with connections in each state does not crash', async (t) => {
  const large = recognisable(16 * 1024 * 1024);
  const { connect } = await startHits(t);
  const { fd } = new TestFile(t, large);
  const scene = await startHits(t, { maxBytes: large.length });
  const { server, heard } = scene;
  server.define('/a', 1, large.length);
  server.define('/b', 2, large.length);
  server.grant(1, HEADS, LONG_MS);
  server.open(1, { number: 1, fd }, { begin: 0, end: large.length }, LONG_MS);
  const lines = await Promise.all(Array.from({ length: 3 }, connect));
  const [idle, parked, begun] = lines;
  if (idle === undefined || parked === undefined || begun === undefined) throw new Error('none');
  for (const { fd } of lines) server.watch(fd);
  parked.client.write(getRequest('/b'));
  begun.client.socket.pause();
  begun.client.write(getRequest('/a'));
  await heard.until(({ asked, partialSends }) => asked.length + partialSends.length === 2);
  const before = openDescriptors();
  server.close();
  server.close();
  t.same([heard.handed, heard.closed], [[], []]);
  t.ok(await eventually(() => openDescriptors() === before - 4 - 5), 'connections, file, its own');
  idle.client.socket.end('to whom it may concern');
  t.equal(await restOf(idle.socket), 'to whom it may concern');
  parked.socket.end('answer');
  parked.client.socket.end();
  t.equal((await parked.client.closed()).text, 'answer');
  t.equal(await restOf(parked.socket), getRequest('/b'), 'nothing was taken');

  t.equal(server.release(1), false);
  server.define('/c', 3, 1);
  server.remove(1);
  server.revoke(1, 1);
  server.change();
  server.settle();
  for (const call of [
    () => server.watch(idle.fd),
    () => server.takePartialHit(1),
    () => {
      server.resume(1);
    },
    () => {
      server.grant(1, HEADS, 1);
    },
    () => {
      server.keep(1, 1, 1);
    },
    () => {
      server.open(1, { number: 1, fd }, { begin: 0, end: 1 }, 1);
    },
  ]) {
    t.throws(call, { code: 'EBADF' });
  }
});

t.test('hit server: ending a thread that has a server does not crash', async (t) => {
  const { connect } = await startHits(t);
  const lines = await Promise.all(Array.from({ length: 4 }, connect));
  const before = openDescriptors();
  const worker = new Worker(new URL('fixtures/hit-worker.js', import.meta.url), {
    workerData: lines.map(({ fd }) => fd),
  });
  await once(worker, 'message');
  await lines[0]?.client.write(ASK.replace('GET', 'HEAD')).has(HEADS.last);
  t.ok(openDescriptors() > before + 4);
  await worker.terminate();
  t.ok(await eventually(() => openDescriptors() <= before));
});

t.test('hit server: each request is answered once or left, during changes', async (t) => {
  const { server, heard, watched } = await startHits(t, { threads: 2, clock: systemClock });
  const { fd } = new TestFile(t, SMALL);
  server.define('/a', 1, 1000);
  let file = 0;
  heard.onAsks = ({ connection }) => {
    file += 1;
    server.grant(1, HEADS, LONG_MS);
    server.open(1, { number: file, fd }, { begin: 0, end: 1000 }, LONG_MS);
    // Between the grant and its use.
    if (file % 5 === 0) server.change();
    if (file % 7 === 0) server.revoke(1, file);
    server.resume(connection);
  };
  const requests = 40;
  let left = 0;
  let answered = 0;
  let taken = 0;
  for (let round = 0; round < 150; round += 1) {
    const { client, socket, id } = await watched();
    client.write(ASK.repeat(requests));
    for (let turn = 0; turn < round % 12; turn += 1) {
      if (turn % 3 === 0) server.change();
      await new Promise(setImmediate);
    }
    client.socket.end();
    if (server.release(id)) taken += 1;
    else await heard.until(({ handed }) => handed.includes(id));
    const rest = await restOf(socket);
    socket.end();
    const { text } = await client.closed();
    left += rest.length / ASK.length;
    answered += text.length / ANSWER.length;
    t.equal(rest, ASK.repeat(rest.length / ASK.length));
    t.equal(text, ANSWER.repeat(requests - rest.length / ASK.length));
  }
  t.equal(left + answered, 150 * requests);
  t.ok(left > 0 && answered > 0 && taken > 0, `${String(left)} left, ${String(taken)} taken`);
  await heard.until(({ records }) => records.length === answered);
  server.remove(1);
  await heard.until(({ closed }) => closed.length === file);
});

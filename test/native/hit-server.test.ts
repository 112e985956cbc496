/** The connections of a hit server: begun, released, broken, handed over; and its end. */
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import {
  HEADS,
  headOf,
  type HitSceneOptions,
  LONG_MS,
  restOf,
  startHits,
} from '../fixtures/hit-serving.js';
import { getRequest, recognisable, TestFile } from '../fixtures/sending.js';
import { eventually } from '../fixtures/store-eventually.js';

const MIB = 1024 * 1024;
const FILE = 7;
const ASK = getRequest('/a', 'x-request-id: me\r\n');
const SMALL = recognisable(1000);

/** More than what two socket buffers take. */
const LARGE = recognisable(16 * MIB);

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Connections that a thread waits for the end of, and for nothing else: EPOLLERR and EPOLLHUP. */
function parkedOnes(): number {
  let count = 0;
  for (const fd of readdirSync('/proc/self/fdinfo')) {
    try {
      count +=
        readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').match(/^tfd:.* events: +18 /gm)?.length ??
        0;
    } catch {
      // That of the listing itself.
    }
  }
  return count;
}

/** A server with `/a`, of which the bytes are opened and, unless `asks`, vouched for. */
async function serving(
  t: Test,
  bytes: Buffer,
  { asks = false, ...options }: HitSceneOptions & { asks?: boolean } = {},
) {
  const scene = await startHits(t, { maxBytes: 32 * MIB, ...options });
  const file = new TestFile(t, bytes);
  const { server } = scene;
  const vouch = () => {
    server.grant(1, HEADS, LONG_MS);
    server.keep(1, FILE, LONG_MS);
  };
  server.define('/a', 1, bytes.length);
  server.open(1, { number: FILE, fd: file.fd }, { begin: 0, end: bytes.length }, LONG_MS);
  if (!asks) vouch();
  return { ...scene, file, vouch };
}

t.test('a partly sent answer is handed over with the exact count of bytes sent', async (t) => {
  const { server, heard, watched, file } = await serving(t, LARGE);
  const { client, socket, id } = await watched();
  client.socket.pause();
  client.write(ASK + ASK);
  await heard.until(({ partialSends }) => partialSends.length === 1);
  t.same(heard.partialSends, [{ connection: id, file: FILE }]);
  t.equal(server.release(id), false, 'it is being answered');
  server.resume(id);
  server.revoke(1, FILE);
  server.open(1, { number: FILE + 1, fd: file.fd }, { begin: 0, end: 1 }, LONG_MS);
  server.remove(1);
  await heard.until(({ closed }) => closed.length === 1);
  t.same(heard.closed, [FILE + 1], 'the file of the answer is still open');
  const begun = server.takePartialHit(id);
  if (begun === null) throw new Error('nothing was begun');
  const { record, head } = begun;
  t.equal(head.length, 0);
  t.match(record, {
    connection: id,
    token: 1,
    isWhole: true,
    bodyBytes: LARGE.length,
    requestId: 'me',
  });
  t.ok(
    record.bodyBytesSent > 0 && record.bodyBytesSent < LARGE.length,
    String(record.bodyBytesSent),
  );
  t.equal(server.takePartialHit(id), null, 'once');
  await heard.until(({ closed }) => closed.length === 2);
  socket.write(LARGE.subarray(record.bodyBytesSent));
  client.socket.resume();
  const expected = Buffer.concat([Buffer.from(headOf('me', LARGE.length)), LARGE]);
  await client.until((length) => length >= expected.length);
  t.ok(client.bytes.equals(expected));
  client.socket.end();
  t.equal(await restOf(socket), ASK, 'what came after the request');
  t.same([heard.records, heard.handed], [[], []]);
});

t.test('a partly sent head is handed over with the exact count of bytes sent', async (t) => {
  const { server, heard, watched } = await serving(t, SMALL);
  const last = LARGE.toString('latin1');
  server.grant(1, { ...HEADS, last }, LONG_MS);
  for (const [text, left] of [
    [ASK, SMALL],
    [ASK.replace('GET', 'HEAD'), Buffer.alloc(0)],
  ] as const) {
    const { client, socket, id } = await watched();
    client.socket.pause();
    client.write(text);
    await heard.until(({ partialSends }) =>
      partialSends.some(({ connection }) => connection === id),
    );
    t.equal(heard.partialSends.at(-1)?.file, left.length === 0 ? 0 : FILE);
    const begun = server.takePartialHit(id);
    t.match(begun?.record, { bodyBytes: left.length, bodyBytesSent: 0 });
    t.ok(begun !== null && begun.head.length > 0 && begun.head.length < last.length);
    socket.end(Buffer.concat([begun?.head ?? SMALL, left]));
    client.socket.resume();
    await client.closed();
    const expected = headOf('me', SMALL.length).replace(HEADS.last, () => last);
    t.ok(client.bytes.equals(Buffer.concat([Buffer.from(expected, 'latin1'), left])));
  }
});

t.test('a connection whose file is shorter than granted is handed over', async (t) => {
  const { server, heard, watched, file } = await serving(t, SMALL);
  server.define('/a', 2, 2000);
  server.grant(2, HEADS, LONG_MS);
  server.open(2, { number: 8, fd: file.fd }, { begin: 0, end: 2000 }, LONG_MS);
  const { client, socket, id } = await watched();
  client.socket.end(ASK);
  await heard.until(({ coldReports }) => coldReports.length === 1);
  server.resume(id);
  await heard.until(({ handed }) => handed.includes(id));
  t.equal(await restOf(socket), ASK);
});

t.test('a released connection is handed over with its unanswered bytes', async (t) => {
  const { server, heard, watched, connect } = await serving(t, SMALL, { asks: true });
  const idle = await watched();
  t.equal(server.release(idle.id), true);
  t.equal(server.release(idle.id), false);
  idle.client.socket.end(ASK);
  t.equal(await restOf(idle.socket), ASK);
  const parked = await watched();
  parked.client.socket.end(ASK);
  await heard.until(({ asked }) => asked.length === 1);
  t.equal(server.release(parked.id), true);
  server.resume(parked.id);
  t.equal(await restOf(parked.socket), ASK);
  const handed = await watched();
  handed.client.write('x');
  await heard.until((it) => it.handed.length === 1);
  t.equal(server.release(handed.id), false);
  t.same(heard.handed, [handed.id]);
  for (const nobody of [0, 1000, Number.MAX_SAFE_INTEGER]) {
    t.equal(server.release(nobody), false);
    t.equal(server.takePartialHit(nobody), null);
    server.resume(nobody);
  }
  const { fd } = await connect();
  t.equal(server.takePartialHit(server.watch(fd)), null, 'nothing was begun');
});

t.test('a connection can be watched again after its release', async (t) => {
  const { server, heard, watched } = await serving(t, SMALL);
  const { client, fd, id } = await watched();
  const whole = headOf('me', SMALL.length).length + SMALL.length;
  await client.write(ASK).until((length) => length === whole);
  t.equal(server.release(id), true);
  const next = server.watch(fd);
  t.not(next, id);
  await client.write(ASK).until((length) => length === 2 * whole);
  await heard.until(({ records }) => records.length === 2);
  t.same(
    heard.records.map(({ connection }) => connection),
    [id, next],
  );
});

t.test('clients that disconnect while watched are reported', async (t) => {
  const { heard, watched } = await serving(t, SMALL);
  const half = await watched();
  half.client.socket.end();
  await heard.until(({ handed }) => handed.length === 1);
  t.equal(await restOf(half.socket), '');
  half.socket.end('still there');
  t.equal((await half.client.closed()).text, 'still there');
  const reset = await watched();
  reset.client.socket.resetAndDestroy();
  await heard.until(({ handed }) => handed.length === 2);
  t.same(heard.handed, [half.id, reset.id]);
});

t.test('clients that disconnect while parked are reported', async (t) => {
  const { server, heard, watched, vouch } = await serving(t, SMALL, { asks: true });
  const park = async () => {
    const before = heard.asked.length;
    const line = await watched();
    line.client.write(ASK);
    await heard.until(({ asked }) => asked.length > before);
    return line;
  };
  const [half, one, other] = [await park(), await park(), await park()];
  half.client.socket.end();
  t.equal(parkedOnes(), 3);
  one.client.socket.resetAndDestroy();
  other.client.socket.resetAndDestroy();
  t.ok(await eventually(() => parkedOnes() === 1), 'the end of a connection is seen once');
  t.same(heard.handed, [], 'nobody was told of it');
  vouch();
  server.resume(half.id);
  await heard.until(({ handed, records }) => handed.length === 1 && records.length === 1);
  t.equal(await restOf(half.socket), '', 'answered, and then handed over');
  server.resume(one.id);
  await heard.until(({ handed }) => handed.length === 2);
  t.equal(server.release(other.id), true);
  t.same(heard.handed, [half.id, one.id]);
  t.equal(heard.records.length, 1);
});

t.test('the server duplicates descriptors and closes each of them', async (t) => {
  const scene = await startHits(t);
  const { server, heard, connect } = scene;
  const { path } = new TestFile(t, SMALL);
  const lines = await Promise.all(Array.from({ length: 20 }, connect));
  const before = openDescriptors();
  server.define('/a', 1, SMALL.length);
  server.grant(1, HEADS, LONG_MS);
  for (let number = 0; number < 20; number += 1) {
    const fd = openSync(path, 'r');
    server.open(1, { number, fd }, { begin: number, end: SMALL.length }, LONG_MS);
    closeSync(fd);
  }
  const ids = lines.map(({ fd }) => server.watch(fd));
  t.equal(openDescriptors(), before + 40);
  const ask = getRequest('/a', 'x-request-id: me\r\nrange: bytes=5-9\r\n');
  const expected = headOf('me', 1000, { start: 5, end: 10 }) + SMALL.toString('latin1', 0, 5);
  for (const { client } of lines)
    await client.write(ask).until((length) => length >= expected.length);
  t.ok(lines.every(({ client }) => client.text === expected));
  for (const id of ids.slice(0, 5)) server.release(id);
  for (const { client } of lines.slice(5, 10)) client.write('x');
  await heard.until(({ handed }) => handed.length === 5);
  server.remove(1);
  await heard.until(({ closed }) => closed.length === 20);
  t.equal(openDescriptors(), before + 10);
  // One is parked when it ends; of another the server has the only descriptor.
  server.define('/a', 2, SMALL.length);
  lines[10]?.client.write(ask);
  await heard.until(({ asked }) => asked.length === 1);
  lines[11]?.socket.destroy();
  t.ok(await eventually(() => openDescriptors() === before + 9));
  lines[11]?.client.socket.end();
  await heard.until(({ handed }) => handed.length === 6);
  await lines[11]?.client.closed();
  t.ok(
    await eventually(() => openDescriptors() === before + 7),
    'with it the connection is closed',
  );
  server.close();
  // Its own: what wakes it, what wakes us and the watch of that, and a set for each thread.
  t.ok(await eventually(() => openDescriptors() === before - 2 - 5), 'all');
});

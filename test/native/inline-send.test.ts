/**
 * `trySendNow` of the addon: real sockets and files, and whatever keeps either from taking it all.
 */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { native } from '#src/compute/native.js';
import { ownDirectory } from '../fixtures/own-directory.js';
import { RawClient, recognisable } from '../fixtures/sending.js';

const HEAD = 'HTTP/1.1 200 OK\r\nname: caf\xe9\r\n\r\n';
const MIB = 1024 * 1024;

function opened(t: Test, bytes: Uint8Array): number {
  const path = `${ownDirectory(t)}/file`;
  writeFileSync(path, bytes);
  const fd = openSync(path, 'r');
  t.teardown(() => {
    closeSync(fd);
  });
  return fd;
}

/** A connection from both of its ends; the server's is paused. */
async function connected(t: Test) {
  const server: Server = createServer({ pauseOnConnect: true });
  t.teardown(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const client = new RawClient(t, port);
  const socket = await accepted;
  t.teardown(() => socket.destroy());
  const { fd } = (socket as unknown as { readonly _handle: { readonly fd: number } })._handle;
  return { client, socket, fd };
}

t.test('head and bytes arrive as they are, copied or by reference', async (t) => {
  const bytes = recognisable(200_000);
  const file = opened(t, bytes);
  const { client, fd } = await connected(t);
  let expected = Buffer.alloc(0);
  for (const [offset, length] of [
    [0, 0],
    [5, 1],
    [4096, 8192],
    [1, 8193],
    [70_001, 65_536],
    [100_000, 100_000],
  ] as const) {
    t.equal(native.trySendNow(fd, HEAD, file, offset, length), HEAD.length + length);
    const sent = [Buffer.from(HEAD, 'latin1'), bytes.subarray(offset, offset + length)];
    expected = Buffer.concat([expected, ...sent]);
  }
  await client.until((length) => length >= expected.length);
  t.ok(client.bytes.equals(expected));
});

t.test('a connection takes the bytes that it has room for, and none after that', async (t) => {
  const bytes = recognisable(16 * MIB);
  const file = opened(t, bytes);
  const { client, fd } = await connected(t);
  client.socket.pause();
  const taken = native.trySendNow(fd, HEAD, file, 0, bytes.length);
  t.ok(taken > HEAD.length && taken < bytes.length, String(taken));
  let more = 0;
  for (let next = -1; next !== 0; more += next) {
    const offset = taken + more - HEAD.length;
    next = native.trySendNow(fd, '', file, offset, bytes.length - offset);
  }
  client.socket.resume();
  await client.until((length) => length >= taken + more);
  t.ok(client.bytes.subarray(HEAD.length).equals(bytes.subarray(0, taken + more - HEAD.length)));
});

t.test('a short file sends the bytes that it has, or none', async (t) => {
  const file = opened(t, recognisable(10_000));
  const { client, fd } = await connected(t);
  t.equal(native.trySendNow(fd, HEAD, file, 9_999, 2), 0, 'seen before anything is sent');
  t.equal(native.trySendNow(fd, HEAD, file, 20_000, 20_000), 0, 'no page of it is there');
  t.equal(client.bytes.length, 0);
});

t.test('a broken connection does not throw', async (t) => {
  const file = opened(t, recognisable(10_000));
  const { socket, client, fd } = await connected(t);
  client.socket.resetAndDestroy();
  // The reset has come when reading ends.
  socket.on('error', () => undefined).resume();
  await new Promise((resolve) => socket.once('close', resolve));
  t.equal(native.trySendNow(fd, HEAD, file, 0, 100), 0, 'the connection');
  const other = await connected(t);
  t.equal(native.trySendNow(other.fd, HEAD, 1_000_000, 0, 100), 0, 'the file');
  t.equal(native.trySendNow(other.fd, HEAD, 1_000_000, 0, 100_000), 0);
});

t.test('invalid arguments throw', (t) => {
  const loose = native as unknown as { trySendNow(...args: unknown[]): unknown };
  for (const wrong of [
    ['x', HEAD, 0, 0, 0],
    [0, 1, 0, 0, 0],
    [0, HEAD, 0, -1, 0],
    [0, HEAD, 0, 0, 0.5],
    [0, 'x'.repeat(16_385), 0, 0, 0],
  ]) {
    t.throws(() => loose.trySendNow(...wrong), String(wrong).slice(0, 20));
  }
  t.end();
});

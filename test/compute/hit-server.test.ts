/**
 * What a hit server answers, what that takes, and what it tells. Its connections:
 * test/native/hit-server.
 */
import t, { type Test } from 'tap';
import { HEADS, headOf, type HitScene, LONG_MS, startHits } from '../fixtures/hit-serving.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import { getRequest, type RawClient, recognisable, TestFile } from '../fixtures/sending.js';
import { waitUntil } from '../fixtures/wait-until.js';

const LENGTH = 100_000;
const TOKEN = 5;
const FILE = 7;
const bytes = recognisable(LENGTH);

/** A server with one target, `/a`, which is one file. */
async function serving(t: Test, options?: Parameters<typeof startHits>[1]) {
  const scene = await startHits(t, options);
  const file = new TestFile(t, bytes);
  scene.server.define('/a', TOKEN, LENGTH);
  return { ...scene, file };
}

function grantAll({ server }: HitScene, { fd }: TestFile, forMs = LONG_MS): void {
  server.grant(TOKEN, HEADS, forMs);
  server.open(TOKEN, { number: FILE, fd }, { begin: 0, end: LENGTH }, forMs);
}

function range(first: number | string, last: number | string, id = 'me'): string {
  return getRequest(
    '/a',
    `X-Request-Id: ${id}\r\nRange: bytes=${String(first)}-${String(last)}\r\n`,
  );
}

/** What has come after `before` bytes, once it is as long as `expected`. */
async function nextOf(client: RawClient, before: number, length: number): Promise<Buffer> {
  await client.until((count) => count >= before + length);
  return client.bytes.subarray(before, before + length);
}

t.test('one connection gets each kind of answer exact to the byte', async (t) => {
  const scene = await serving(t);
  const { watched, heard } = scene;
  grantAll(scene, scene.file);
  const { client, id: connection } = await watched();
  const part = (start: number, end: number) => ({
    head: headOf('me', LENGTH, { start, end }),
    body: bytes.subarray(start, end),
  });
  const whole = headOf('me', LENGTH);
  const cases = [
    { text: range(10, 19), ...part(10, 20), range: { first: 10, last: 19 } },
    { text: range(0, 8191), ...part(0, 8192), range: { first: 0, last: 8191 } },
    { text: range(1, 70_000), ...part(1, 70_001), range: { first: 1, last: 70_000 } },
    { text: range(99_990, ''), ...part(99_990, LENGTH), range: { first: 99_990, last: null } },
    { text: range(5, 999_999), ...part(5, LENGTH), range: { first: 5, last: 999_999 } },
    {
      text: range(99_999, 99_999),
      ...part(99_999, LENGTH),
      range: { first: 99_999, last: 99_999 },
    },
    { text: getRequest('/a', 'x-request-id: me\r\n'), head: whole, body: bytes, range: null },
    {
      text: range(1, 2).replace('GET', 'HEAD'),
      head: whole,
      body: Buffer.alloc(0),
      range: { first: 1, last: 2 },
    },
  ];
  let at = 0;
  for (const { text, head, body } of cases) {
    const expected = Buffer.concat([Buffer.from(head), body]);
    const got = await nextOf(client.write(text), at, expected.length);
    t.ok(got.equals(expected), `${text} ${got.toString('latin1', 0, 300)}`);
    at += expected.length;
  }
  await heard.until(({ records }) => records.length === cases.length);
  t.equal(client.bytes.length, at);
  t.same(
    heard.records.map(({ waitMs, ...record }) => {
      t.ok(waitMs > 0 && waitMs < 10_000, String(waitMs));
      return record;
    }),
    cases.map(({ text, head, body, range }) => ({
      connection,
      token: TOKEN,
      isHead: text.startsWith('HEAD'),
      isWhole: head === whole,
      range,
      bodyBytes: body.length,
      bodyBytesSent: body.length,
      requestId: 'me',
    })),
  );
  t.same([heard.handed, heard.asked], [[], []]);
});

t.test("a request id is the client's, or one of the server", async (t) => {
  const scene = await serving(t);
  grantAll(scene, scene.file);
  const { client } = await scene.watched();
  const longest = 'x'.repeat(64);
  const offered = ['a.B_9-z', longest, `${longest}x`, 'not this', '', 'a/b', null];
  for (const id of offered) {
    client.write(
      getRequest('/a', `range: bytes=0-0\r\n${id === null ? '' : `x-request-id: ${id}\r\n`}`),
    );
  }
  await scene.heard.until(({ records }) => records.length === offered.length);
  const names = scene.heard.records.map(({ requestId }) => requestId);
  t.same(names.slice(0, 2), offered.slice(0, 2));
  const own = names.slice(2);
  t.ok(
    own.every((name) => /^[0-9a-f]{16}$/.test(name)),
    String(own),
  );
  t.equal(new Set(own).size, own.length);
  const text = names.map((name) => headOf(name, LENGTH, { start: 0, end: 1 }) + '\0').join('');
  await client.until((length) => length >= text.length);
  t.equal(client.text, text, 'the head carries the id');
});

t.test('the server has new ids after it has used all that were drawn', async (t) => {
  const scene = await serving(t, { threads: 1 });
  grantAll(scene, scene.file);
  const { client } = await scene.watched();
  const count = 3000;
  client.write(getRequest('/a').replace('GET', 'HEAD').repeat(count));
  await scene.heard.until(({ records }) => records.length === count);
  t.equal(new Set(scene.heard.records.map(({ requestId }) => requestId)).size, count);
  t.equal(scene.heard.handed.length, 0, 'more records than are taken at once lose nothing');
});

t.test('a request without a grant waits until the listener grants one', async (t) => {
  const { server, heard, file, watched } = await serving(t);
  const { client, id } = await watched();
  const asked = { connection: id, token: TOKEN, start: 10, end: 20 };
  client.write(range(10, 19));
  await heard.until((it) => it.asked.length === 1);
  server.resume(id);
  await heard.until((it) => it.asked.length === 2);
  server.grant(TOKEN, HEADS, LONG_MS);
  server.resume(id);
  await heard.until((it) => it.asked.length === 3);
  // Another part of it is no help, nor is one that ends too soon.
  server.open(TOKEN, { number: 1, fd: file.fd }, { begin: 15, end: LENGTH }, LONG_MS);
  server.open(TOKEN, { number: 2, fd: file.fd }, { begin: 0, end: 19 }, LONG_MS);
  server.resume(id);
  await heard.until((it) => it.asked.length === 4);
  t.same(heard.asked, [asked, asked, asked, asked]);
  t.equal(client.bytes.length, 0);
  server.open(TOKEN, { number: FILE, fd: file.fd }, { begin: 0, end: 20 }, LONG_MS);
  server.resume(id);
  server.resume(id);
  await heard.until((it) => it.records.length === 1);
  const expected = headOf('me', LENGTH, { start: 10, end: 20 }) + bytes.toString('latin1', 10, 20);
  await client.until((length) => length >= expected.length);
  t.equal(client.text, expected);
  t.same(heard.closed, [2], 'the one of the same beginning took its place');
});

t.test('an answer without a body needs no file', async (t) => {
  const { server, heard, watched } = await serving(t);
  server.define('/empty', 1, 0);
  heard.onAsks = ({ connection, token }) => {
    server.grant(token, HEADS, LONG_MS);
    server.resume(connection);
  };
  const { client, id: connection } = await watched();
  client.write(range(1, 2).replace('GET', 'HEAD'));
  client.write(getRequest('/empty', 'x-request-id: me\r\n'));
  await heard.until((it) => it.records.length === 2);
  const tokens = [TOKEN, 1];
  t.same(
    heard.asked,
    tokens.map((token) => ({ connection, token, start: 0, end: 0 })),
  );
  const expected = headOf('me', LENGTH) + headOf('me', 0);
  await client.until((length) => length >= expected.length);
  t.equal(client.text, expected);
});

t.test('ranges of a chunk file count from the start of the file', async (t) => {
  const { server, heard, watched } = await startHits(t);
  const [first, second] = [
    new TestFile(t, bytes.subarray(0, 60_000)),
    new TestFile(t, bytes.subarray(60_000)),
  ];
  server.define('/a', TOKEN, LENGTH);
  server.grant(TOKEN, HEADS, LONG_MS);
  server.open(TOKEN, { number: 1, fd: first.fd }, { begin: 0, end: 60_000 }, LONG_MS);
  server.open(TOKEN, { number: 2, fd: second.fd }, { begin: 60_000, end: LENGTH }, LONG_MS);
  const { client } = await watched();
  let expected = '';
  for (const [start, end] of [
    [59_990, 60_000],
    [60_000, 60_001],
    [60_001, 90_000],
  ] as const) {
    client.write(range(start, end - 1));
    expected += headOf('me', LENGTH, { start, end }) + bytes.toString('latin1', start, end);
  }
  await client.until((length) => length >= expected.length);
  t.equal(client.text, expected);
  client.write(range(59_999, 60_000));
  await heard.until((it) => it.asked.length === 1);
  t.match(heard.asked, [{ start: 59_999, end: 60_001 }], 'no answer is of two files');
});

t.test('a grant is valid for its duration, and until a change', async (t) => {
  const scene = await serving(t);
  const { server, heard, watched, file } = scene;
  const { client } = await watched();
  heard.onAsks = ({ connection }) => {
    grantAll(scene, file);
    server.resume(connection);
  };
  const answered = async (count: number) => heard.until(({ records }) => records.length === count);
  grantAll(scene, file, 0);
  client.write(range(0, 1));
  await answered(1);
  t.equal(heard.asked.length, 1, 'for no time at all');
  server.change();
  client.write(range(2, 3));
  await answered(2);
  t.equal(heard.asked.length, 2, 'after a change');
  server.change();
  server.grant(TOKEN, HEADS, LONG_MS);
  client.write(range(4, 5));
  await answered(3);
  t.equal(heard.asked.length, 3, 'the file has to be vouched for as well');
  server.change();
  server.grant(TOKEN, HEADS, LONG_MS);
  server.keep(TOKEN, FILE + 1, LONG_MS);
  client.write(range(6, 7));
  await answered(4);
  t.equal(heard.asked.length, 4, 'another file was kept');
  server.change();
  server.grant(TOKEN, HEADS, LONG_MS);
  server.keep(TOKEN, FILE, LONG_MS);
  client.write(range(8, 9));
  await answered(5);
  t.equal(heard.asked.length, 4);
  server.keep(TOKEN, FILE, 0);
  client.write(range(8, 9));
  await answered(6);
  t.equal(heard.asked.length, 5, 'its time is over');
});

t.test('a released file is closed and reported', async (t) => {
  const scene = await serving(t);
  const { server, heard, file } = scene;
  const open = (token: number, number: number) => {
    server.open(token, { number, fd: file.fd }, { begin: 0, end: LENGTH }, LONG_MS);
  };
  open(TOKEN, 1);
  server.revoke(TOKEN, 2);
  server.revoke(TOKEN + 1, 1);
  open(TOKEN, 2);
  server.revoke(TOKEN, 2);
  open(TOKEN, 3);
  server.remove(TOKEN + 1);
  server.remove(TOKEN);
  open(TOKEN, 4);
  server.define('/a', TOKEN, LENGTH);
  open(TOKEN, 5);
  server.define('/a', TOKEN + 1, LENGTH);
  server.revoke(TOKEN, 5);
  await heard.until(({ closed }) => closed.length === 5);
  t.same(heard.closed, [1, 2, 3, 4, 5], 'replaced, revoked, removed, without a token, redefined');
});

t.test('records are flushed by a timer while they keep coming', async (t) => {
  const clock = new ManualClock();
  const scene = await serving(t, { clock, threads: 1 });
  grantAll(scene, scene.file);
  const { heard } = scene;
  const { client } = await scene.watched();
  const one = headOf('me', LENGTH, { start: 0, end: 1 }).length + 1;
  const ask = async (count: number) => {
    await client.write(range(0, 0)).until((length) => length >= count * one);
  };
  await ask(1);
  await heard.until(({ records }) => records.length === 1);
  t.equal(clock.pendingTimers, 1);
  await ask(2);
  await ask(3);
  t.equal(heard.records.length, 1, 'the main thread was not woken');
  // Its record is written after its bytes.
  const tick = clock.advance.bind(clock, 10);
  await waitUntil('three records', () => heard.records.length >= 3, tick);
  while (clock.pendingTimers > 0) tick();
  await ask(4);
  await heard.until(({ records }) => records.length === 4);
  t.pass('the next one wakes again');
  scene.server.close();
  t.equal(clock.pendingTimers, 0);
});

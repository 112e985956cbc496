import t from 'tap';
import { ForebayError } from '#src/model/errors.js';
import type { Segment } from '#src/model/segment.js';
import { startFront } from '../../fixtures/front.js';
import { ManualClock } from '../../fixtures/manual-clock.js';
import { pieces } from '../../fixtures/memory-cache.js';
import { bodyOf, getRequest, recognisable } from '../../fixtures/sending.js';

const CLOSE = 'Connection: close\r\n';

t.test('a request is answered, recorded and its body closed', async (t) => {
  const { cache, connect, access } = await startFront(t);
  const bytes = recognisable(200_000);
  cache.objects.set('/a?sig=secret', { bytes, headers: { etag: '"e"' }, originBytes: 1000 });
  const client = connect().write(
    getRequest('/a?sig=secret', `Range: bytes=10-150000\r\nX-Request-Id: mine\r\n${CLOSE}`),
  );
  await client.closed();
  t.match(client.text, /^HTTP\/1.1 206 Partial Content\r\n/);
  t.match(client.text, /content-range: bytes 10-150000\/200000\r\n/);
  t.match(client.text, /x-request-id: mine\r\n/);
  t.ok(bodyOf(client.bytes).equals(bytes.subarray(10, 150_001)));
  t.match(cache.requests, [
    {
      origin: 'origin',
      target: '/a?sig=secret',
      method: 'GET',
      hint: { kind: 'from', first: 10, last: 150_000 },
    },
  ]);
  const [line] = await access(1);
  t.match(line, {
    method: 'GET',
    path: '/a',
    range: 'bytes=10-150000',
    status: 206,
    bytes: 149_991,
    result: 'hit',
    ending: 'complete',
    originBytes: 1000,
    requestId: 'mine',
  });
  t.notMatch(JSON.stringify(line), /secret/);
  t.equal(cache.closed, 1);
});

t.test('the lookup gets the requested range as a hint', async (t) => {
  const { cache, connect } = await startFront(t);
  cache.objects.set('/a', { bytes: Buffer.alloc(10) });
  for (const range of ['bytes=-5', 'bytes=1-2,3-4', 'bytes=x']) {
    await connect()
      .write(getRequest('/a', `Range: ${range}\r\n${CLOSE}`))
      .closed();
  }
  await connect().write(`HEAD /a HTTP/1.1\r\nHost: h\r\nRange: bytes=0-1\r\n${CLOSE}\r\n`).closed();
  t.same(
    cache.requests.map((request) => request.hint),
    [
      { kind: 'suffix', length: 5 },
      {
        kind: 'several',
        ranges: [
          { kind: 'from', first: 1, last: 2 },
          { kind: 'from', first: 3, last: 4 },
        ],
      },
      { kind: 'whole' },
      { kind: 'none' },
    ],
  );
});

t.test('a lookup that fails is answered with its status', async (t) => {
  const { cache, connect, access, entries } = await startFront(t);
  cache.objects.set('/a', {
    before: () =>
      Promise.reject(
        new ForebayError('origin-timeout', 'no head in 8 s', { source: 'origin', retryable: true }),
      ),
  });
  const client = await connect().write(getRequest('/a', CLOSE)).closed();
  t.match(client.text, /^HTTP\/1.1 504 Gateway Timeout\r\n/);
  t.match(client.text, /cache-status: forebay;fwd=miss;detail=origin-timeout\r\n/);
  t.match(bodyOf(client.bytes).toString(), /^origin-timeout \(request [0-9a-f]{16}\)\n$/);
  t.match(await access(1), [{ status: 504, result: 'error', code: 'origin-timeout' }]);
  t.match(entries[0], { level: 'warn', code: 'origin-timeout', reason: 'no head in 8 s' });
});

t.test('a bug in the cache is a 500 without details', async (t) => {
  const { cache, connect } = await startFront(t);
  cache.objects.set('/a', { before: () => Promise.reject(new TypeError('/etc/secret')) });
  const client = await connect().write(getRequest('/a', CLOSE)).closed();
  t.match(client.text, /^HTTP\/1.1 500 /);
  t.notMatch(client.text, /secret/);
});

t.test('a body that fails is an error response, or later a broken connection', async (t) => {
  const { cache, connect, access } = await startFront(t);
  const gone = new ForebayError('origin-reset', 'x', { source: 'origin', retryable: true });
  const bytes = recognisable(100_000);
  const failing = async function* (after: number): AsyncGenerator<Segment> {
    yield* pieces(bytes, 0, after);
    throw gone;
  };
  cache.objects.set('/early', { bytes, read: () => failing(0) });
  cache.objects.set('/late', { bytes, read: () => failing(70_000) });
  cache.objects.set('/unknown', { bytes, read: () => failing(70_000), knownLength: false });

  const early = await connect().write(getRequest('/early', CLOSE)).closed();
  t.match(early.text, /^HTTP\/1.1 502 /);
  const late = await connect().write(getRequest('/late')).closed();
  t.match(late.text, /^HTTP\/1.1 200 .*content-length: 100000/s);
  t.equal(bodyOf(late.bytes).length, 70_000, 'what was sent is right, and short');
  const chunked = await connect().write(getRequest('/unknown')).closed();
  t.notOk(chunked.text.endsWith('0\r\n\r\n'), 'no last chunk');
  const old = await connect().write('GET /unknown HTTP/1.0\r\nHost: h\r\n\r\n').closed();
  // libuv shows a reset after data as the end of the stream; a write tells the two apart.
  const refused = await new Promise((resolve) => old.socket.write('x', resolve));
  t.ok(refused, 'a close-delimited body must not seem to have ended: the connection was reset');
  t.match(
    (await access(4)).map(({ status, ending, bytes: sent }) => [status, ending, sent]),
    [
      [502, 'complete', Number],
      [200, 'failed', 70_000],
      [200, 'failed', 70_000],
      [200, 'failed', 70_000],
    ],
  );
  t.equal(cache.closed, cache.opened);
});

t.test('bodies of unknown length are chunked, or end with the connection', async (t) => {
  const { cache, connect } = await startFront(t);
  cache.objects.set('/a', { bytes: Buffer.from('hello'), knownLength: false });
  const chunked = await connect().write(getRequest('/a', CLOSE)).closed();
  t.match(chunked.text, /Transfer-Encoding: chunked\r\n/);
  t.ok(chunked.text.endsWith('5\r\nhello\r\n0\r\n\r\n'));
  const old = await connect().write('GET /a HTTP/1.0\r\n\r\n').closed();
  t.notMatch(old.text, /chunked/i);
  t.ok(old.text.endsWith('\r\n\r\nhello'));
});

t.test('a client that disconnects ends the wait of its own lookup only', async (t) => {
  const { cache, connect, access } = await startFront(t);
  let waiting: () => void = () => undefined;
  const waited = new Promise<void>((resolve) => {
    waiting = resolve;
  });
  cache.objects.set('/a', {
    before: ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(new ForebayError('client-aborted', 'x', { source: 'client', retryable: false }));
        });
        waiting();
      }),
  });
  const client = connect().write(getRequest('/a'));
  await waited;
  client.socket.resetAndDestroy();
  t.match(await access(1), [{ status: 499, ending: 'client-closed', result: 'error', bytes: 0 }]);
});

t.test('waits and transfers are measured with the given clock', async (t) => {
  const clock = new ManualClock();
  const { cache, connect, access } = await startFront(t, {}, clock);
  const bytes = recognisable(1000);
  cache.objects.set('/a', {
    bytes,
    before: () => {
      clock.advance(300);
      return Promise.resolve();
    },
    async *read() {
      yield* pieces(bytes, 0, 500);
      clock.advance(1200);
      yield* pieces(bytes, 500, 1000);
    },
  });
  const client = await connect().write(getRequest('/a', CLOSE)).closed();
  t.match(client.text, /date: Tue, 01 Jan|date: Thu, 01 Jan/i);
  t.match(await access(1), [{ waitMs: 300, transferMs: 1200 }]);
});

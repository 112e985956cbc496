import t from 'tap';
import { startFront } from '../fixtures/front.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import { bodyOf, getRequest, recognisable } from '../fixtures/sending.js';

/** Holds a lookup until it is opened. */
function gate() {
  let open: () => void = () => undefined;
  let reached: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const held = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const before = (): Promise<void> => {
    reached();
    return opened;
  };
  return { before, held, open };
}

t.test('keep-alive and pipelined requests are answered in order', async (t) => {
  const { cache, connect } = await startFront(t);
  const { before, held, open } = gate();
  cache.objects.set('/slow', { bytes: Buffer.from('slow'), before });
  cache.objects.set('/fast', { bytes: Buffer.from('fast') });
  const client = connect().write(
    getRequest('/slow') + getRequest('/fast', 'Connection: close\r\n'),
  );
  await held;
  t.equal(cache.requests.length, 1, 'the second waits for its turn');
  open();
  await client.closed();
  t.match(client.text, /\r\n\r\nslowHTTP\/1.1 200 .*\r\n\r\nfast$/s);
});

t.test('smuggling: ambiguous requests are refused', async (t) => {
  const { connect, cache } = await startFront(t);
  for (const [name, request, status] of [
    ['a body with GET', 'GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc', 400],
    [
      'chunked GET',
      'GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['HTTP/1.0 chunked', 'GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['absolute form', 'GET http://u@h/a HTTP/1.1\r\nHost: h\r\n\r\n', 400],
    [
      'Expect with a body',
      'GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n',
      400,
    ],
    ['garbage', '\x16\x03\x01\r\n\r\n', 400],
    ['bare LF in a header', 'GET / HTTP/1.1\r\nHost: h\r\nx: a\n\ry\r\n\r\n', 400],
    [
      'both lengths',
      'GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
    ['a head too large', `GET / HTTP/1.1\r\nHost: h\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
    ['POST', 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc', 405],
  ] as const) {
    const client = await connect().write(request).closed();
    t.match(client.text, new RegExp(`^HTTP/1.1 ${String(status)} `), name);
    t.notMatch(client.text, /100 Continue/, name);
    t.match(client.text, /connection: close/i, name);
  }
  const dots = connect().write(
    getRequest('/a/../b') + getRequest('/%2e%2e/x', 'Connection: close\r\n'),
  );
  await dots.closed();
  t.equal(dots.text.match(/HTTP\/1.1 400 /g)?.length, 2, 'an ambiguous path keeps the connection');
  t.equal(cache.requests.length, 0, 'the cache heard of none of them');
});

t.test('a client that shuts down its side after the request gets its answer', async (t) => {
  const { cache, connect } = await startFront(t);
  const { before, held, open } = gate();
  cache.objects.set('/a', { bytes: recognisable(300_000), before });
  const client = connect();
  client.socket.end(getRequest('/a'));
  await held;
  open();
  await client.closed();
  t.ok(bodyOf(client.bytes).equals(recognisable(300_000)));
});

t.test('connections beyond the bound are answered 503, and further ones cut', async (t) => {
  const { connect, front, telemetry, cache } = await startFront(t, { maxConnections: 2 });
  cache.objects.set('/a', { bytes: Buffer.from('x') });
  const kept = [connect(), connect()];
  for (const client of kept) await client.write(getRequest('/a')).has('\r\n\r\nx');
  const third = await connect().write(getRequest('/a')).closed();
  t.match(third.text, /^HTTP\/1.1 503 .*retry-after: 1\r\n.*too-many-connections/s);
  t.match(
    await telemetry.metrics.text(),
    /rejected_requests_total\{reason="too-many-connections"\} 1/,
  );
  const before = kept[0]?.bytes.length ?? 0;
  await kept[0]?.write(getRequest('/a')).until((length) => length > before);
  t.equal(kept[0]?.text.match(/HTTP\/1.1 200/g)?.length, 2, 'the first are served on');
  t.equal(front.connectionCount, 2);
});

t.test('a flood of pipelined requests ends with its connection', async (t) => {
  const { connect, cache, telemetry } = await startFront(t);
  const { before, held, open } = gate();
  cache.objects.set('/', { bytes: Buffer.from('x'), before });
  const client = connect().write(getRequest('/').repeat(500));
  await held;
  open();
  await client.closed();
  const answers = client.text.match(/HTTP\/1.1 200 /g)?.length ?? 0;
  t.ok(answers > 1 && answers < 50, `${String(answers)} answers`);
  t.match(client.text.slice(client.text.lastIndexOf('HTTP/1.1')), /connection: close/i);
  t.match(await telemetry.metrics.text(), /rejected_requests_total\{reason="pipelining"\} \d+/);
});

t.test('garbage after a running request does not get into its body', async (t) => {
  const { cache, connect } = await startFront(t);
  const { before, held } = gate();
  cache.objects.set('/a', { bytes: Buffer.from('x'), before });
  const client = connect().write(getRequest('/a'));
  await held;
  client.write('\x00garbage\r\n\r\n');
  await client.closed();
  t.equal(client.text, '');
});

t.test('a request that could not be parsed has an id, an access line and a count', async (t) => {
  const { connect, access, telemetry } = await startFront(t);
  const refused: [text: string, known: Record<string, unknown>][] = [
    ['garbage\r\n\r\n', { method: null, path: null, status: 400, code: 'bad-request' }],
    [
      `GET /a HTTP/1.1\r\nHost: h\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
      { method: null, path: null, status: 431, code: 'head-too-large' },
    ],
    [
      'CONNECT h:1 HTTP/1.1\r\nHost: h\r\nX-Request-Id: mine\r\n\r\n',
      {
        method: 'CONNECT',
        path: 'h:1',
        status: 405,
        code: 'method-not-allowed',
        requestId: 'mine',
      },
    ],
  ];
  for (const [i, [text, known]] of refused.entries()) {
    const { text: answer } = await connect().write(text).closed();
    const line = (await access(i + 1))[i];
    t.match(line, { ...known, result: 'refused', ending: 'complete', waitMs: null });
    const id = /\r\nX-Request-Id: (\S+)\r\n/i.exec(answer)?.[1];
    t.equal(id, line?.['requestId']);
    t.ok(answer.endsWith(`\r\n\r\n${String(known['code'])} (request ${String(id)})\n`));
  }
  const metrics = await telemetry.metrics.text();
  for (const labels of [
    'method="unknown",code="400"',
    'method="unknown",code="431"',
    'method="other",code="405"',
  ]) {
    t.ok(metrics.includes(`forebay_requests_total{${labels},result="refused"} 1`), labels);
  }
  t.match(metrics, /^forebay_inflight_requests 0$/m);
});

t.test('a request that is cut without an answer has an access line with the reason', async (t) => {
  const { cache, connect, access } = await startFront(t);
  const { before, held } = gate();
  cache.objects.set('/a', { bytes: Buffer.from('x'), before });
  const client = connect().write(getRequest('/a'));
  await held;
  await client.write('\x00garbage\r\n\r\n').closed();
  const [line] = await access(1);
  t.match(line, { method: null, status: null, bytes: 0, result: 'refused', ending: 'failed' });
});

t.test('listening on an address in use fails', async (t) => {
  const { port } = await startFront(t);
  await t.rejects(startFront(t, { address: { host: '127.0.0.1', port } }), {
    code: 'EADDRINUSE',
    message: `cannot listen on 127.0.0.1:${String(port)}: the address is in use by another process`,
  });
});

t.test('drain: idle connections close, running responses end and say close', async (t) => {
  const { cache, connect, front } = await startFront(t);
  const { before, held, open } = gate();
  cache.objects.set('/slow', { bytes: Buffer.from('slow'), before });
  const fresh = connect();
  await new Promise((resolve) => fresh.socket.once('connect', resolve));
  const running = connect().write(getRequest('/slow'));
  await held;
  const drained = front.drain();
  t.equal(front.drain(), drained, 'one drain');
  t.equal(front.address, null);
  await fresh.closed();
  t.equal(fresh.text, '');
  const late = await connect().closed();
  t.equal(late.text, '', 'nothing is accepted any more');
  open();
  await running.closed();
  t.match(running.text, /^HTTP\/1.1 200 .*\r\nConnection: close\r\n.*slow$/s);
  await drained;
  t.equal(front.connectionCount, 0);
});

t.test('drain: a response that runs at the deadline is destroyed', async (t) => {
  const clock = new ManualClock();
  const { cache, connect, front } = await startFront(t, { drainTimeoutMs: 1000 }, clock);
  const { before, held } = gate();
  cache.objects.set('/slow', { bytes: Buffer.from('slow'), before });
  const running = connect().write(getRequest('/slow'));
  await held;
  const drained = front.drain();
  t.equal(running.ended, false);
  clock.advance(1000);
  await running.closed();
  await drained;
  t.equal(running.text, '');
});

t.test(
  'drain: a kept connection whose head was sent before is closed after its body',
  async (t) => {
    const { cache, connect, front } = await startFront(t);
    const { before, held, open } = gate();
    cache.objects.set('/a', {
      bytes: Buffer.from('ab'),
      async *read() {
        yield { kind: 'bytes', bytes: Buffer.from('a') };
        await before();
        yield { kind: 'bytes', bytes: Buffer.from('b') };
      },
    });
    const client = connect().write(getRequest('/a'));
    await held;
    await client.has('\r\n\r\na');
    const drained = front.drain();
    open();
    await client.closed();
    t.match(client.text, /\r\nConnection: keep-alive\r\n.*\r\n\r\nab$/s);
    await drained;
  },
);

t.test('mounts and bounds change while it listens, for requests that begin after', async (t) => {
  const { front, cache, connect, access, port } = await startFront(t);
  cache.objects.set('/a', { bytes: Buffer.from('abc') });
  const client = connect();
  client.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\n');
  t.match((await access(1))[0], { status: 200 });
  front.reconfigure({
    listen: {
      address: { host: '127.0.0.1', port },
      maxConnections: 1,
      headersTimeoutMs: 5000,
      requestTimeoutMs: 10_000,
      keepAliveTimeoutMs: 5000,
      drainTimeoutMs: 5000,
      forwarded: 'any',
    },
    origins: [{ name: 'origin', mount: '/models' }],
  });
  client.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\n');
  t.match((await access(2))[1], { status: 404, code: 'no-such-mount' });
  client.write('GET /models/a HTTP/1.1\r\nHost: x\r\n\r\n');
  t.match((await access(3))[2], { status: 200 });
  connect().write('GET /models/a HTTP/1.1\r\nHost: x\r\n\r\n');
  t.match((await access(4))[3], { status: 503, code: 'too-many-connections' });
});

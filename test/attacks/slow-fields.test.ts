/**
 * One request, or one head of an origin, full of what parsers go back over: nobody else waits for
 * it.
 */
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { startAttacked } from '../fixtures/attack.js';
import { connectRaw } from '../fixtures/program-raw.js';
import { startForebay } from '../fixtures/running.js';
import { FRESH } from '../fixtures/running-origin.js';

/** Some three hundred heads, on a busy machine. */
t.setTimeout(200_000);

/** Most of what a request's head may hold, and most of what an origin's may. */
const REQUEST_CHARACTERS = 15_000;
const HEAD_CHARACTERS = 62_000;

/**
 * Of the time that a harmless field of that length takes, from its first byte to the answer's last.
 * What grows with the square of the length takes hundreds of times as long.
 */
const MAX_TIMES = 10;

/** The best of these: the first ones compile what the others run. */
const ROUNDS = 3;

/** Texts that expressions once went back over, and lists of as many members as fit. */
const TEXTS: readonly ((length: number) => string)[] = [
  (length) => `1${' '.repeat(length - 2)}x`,
  (length) => `a,${' '.repeat(length - 4)}b"`,
  (length) => '"\\'.repeat(length / 2),
  (length) => 'a,'.repeat(length / 2),
  (length) => `<a>;rel=${' '.repeat(length - 10)}x`,
  (length) => `bytes=1${' '.repeat(length - 10)}x`,
  (length) => `bytes=${'1'.repeat(length / 2)}-${'2'.repeat(length / 2)}`,
];

const REQUEST_FIELDS = [
  ...[
    'Range',
    'If-Range',
    'Cache-Control',
    'Pragma',
    'Accept-Language',
    'Via',
    'Connection',
    'Cookie',
  ],
  ...['If-Match', 'If-None-Match', 'If-Modified-Since', 'If-Unmodified-Since', 'Forwarded', 'Host'],
  ...['Authorization', 'Expect', 'Traceparent', 'Tracestate', 'X-Forwarded-Proto', 'X-Request-Id'],
];

const HEAD_FIELDS = [
  ...[
    'X-A',
    'Cache-Control',
    'CDN-Cache-Control',
    'Vary',
    'ETag',
    'Last-Modified',
    'Date',
    'Expires',
  ],
  ...[
    'Age',
    'Content-Range',
    'Content-Type',
    'Link',
    'Location',
    'Retry-After',
    'Connection',
    'Warning',
  ],
  ...['Cache-Status', 'Repr-Digest', 'Content-Length', 'Content-Encoding', 'Set-Cookie'],
];

/** Least ms of the processor, of all threads, that `run` costs. */
async function cost(run: () => Promise<unknown>): Promise<number> {
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    const begin = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(begin);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

t.test('a long request field takes no longer to handle than a harmless one', async (t) => {
  const { origin, ask } = await startAttacked(t, {
    '/vary': { bytes: Buffer.from('body'), cacheControl: FRESH },
  });
  origin.script({
    path: '/vary',
    actions: [{ kind: 'fields', fields: { Vary: 'Accept-Language' } }],
  });
  for (let variant = 0; variant < 16; variant += 1) {
    await ask('/vary', `Accept-Language: x-${String(variant)}\r\n`);
  }
  const plain = await cost(() => ask('/vary', `X-Plain: ${'a'.repeat(REQUEST_CHARACTERS)}\r\n`));
  for (const name of REQUEST_FIELDS) {
    for (const [index, text] of TEXTS.entries()) {
      const ms = await cost(() => ask('/vary', `${name}: ${text(REQUEST_CHARACTERS)}\r\n`));
      t.ok(ms < MAX_TIMES * plain, `${name} ${String(index)}: ${(ms / plain).toFixed(1)} times`);
    }
  }
});

/** An origin that answers with the head that is set. */
async function startHeads(t: Test): Promise<{ url: string; head: (lines: string) => void }> {
  let lines = '';
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${lines}\r\nok`, 'latin1');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return { url, head: (next) => (lines = next) };
}

t.test('a long origin field takes no longer to handle than a harmless one', async (t) => {
  const { url, head } = await startHeads(t);
  const forebay = await startForebay(t, {
    origins: [{ name: 'origin', url }],
    fill: { maxAttempts: 1 },
  });
  let asked = 0;
  const ask = async () => {
    // Node's own client refuses such heads.
    const client = await connectRaw(t, forebay.url);
    client.send(`GET /${String((asked += 1))} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
    await client.rest();
  };
  head(`X-Plain: ${'a'.repeat(HEAD_CHARACTERS)}\r\n`);
  const plain = await cost(ask);
  for (const name of HEAD_FIELDS) {
    for (const [index, text] of TEXTS.entries()) {
      head(`${name}: ${text(HEAD_CHARACTERS)}\r\n`);
      const ms = await cost(ask);
      t.ok(ms < MAX_TIMES * plain, `${name} ${String(index)}: ${(ms / plain).toFixed(1)} times`);
    }
  }
  for (const line of ['Set-Cookie: a\r\n', 'Vary: a\r\n', 'A:\r\n']) {
    head(line.repeat(HEAD_CHARACTERS / line.length));
    const ms = await cost(ask);
    t.ok(ms < MAX_TIMES * plain, `many ${line.trim()}: ${(ms / plain).toFixed(1)} times`);
  }
});

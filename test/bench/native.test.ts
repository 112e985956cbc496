import { readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { type Load, type LoadResult, runLoad } from '../../bench/harness/load.js';
import { nativeTools } from '../../bench/harness/native-tools.js';
import { Origin, type RateLimit } from '../../bench/harness/origin.js';
import { Processes } from '../../bench/harness/processes.js';

/** Not a multiple of anything: the last range and the last word are cut. */
const OBJECT_BYTES = 3 * 2 ** 20 + 5;

/** statfs(2): a tmpfs has no pages to drop. */
const TMPFS_MAGIC = 0x01021994;

const tools = await nativeTools();
const processes = new Processes(new AbortController().signal);
t.teardown(() => processes.endAll());

function startOrigin(t: Test, limit: RateLimit = {}): Promise<Origin> {
  return Origin.start(tools, processes, t.testdir(), {
    objects: 2,
    objectBytes: OBJECT_BYTES,
    ...limit,
  });
}

function load(port: number, asked: Load): Promise<LoadResult> {
  return runLoad(tools, processes, { port, objectBytes: OBJECT_BYTES }, asked);
}

t.test('the load client gets the right bytes in every request mode and counts them', async (t) => {
  const origin = await startOrigin(t);
  const ways: readonly Load[] = [
    { connections: 1, requests: 2, order: 'sequential', objects: [0, 1] },
    { connections: 3, requests: 50, rangeBytes: 65_537, order: 'unaligned' },
    { connections: 2, requests: 7, rangeBytes: 2 ** 20, order: 'shuffled', objects: [1] },
    { connections: 4, requests: 40, rangeBytes: 4096, order: 'random', objects: [0, 1] },
    { connections: 2, requests: 4, rangeBytes: 1000, pauseSeconds: 0.01 },
  ];
  for (const way of ways) {
    const before = await origin.stats();
    const result = await load(origin.port, { ...way, verify: true });
    const after = await origin.stats();
    const name = JSON.stringify(way);
    t.equal(result.errors, 0, `${name} ${result.firstError}`);
    t.equal(result.requests, way.requests, name);
    t.equal(result.bytes, after.bodyBytes - before.bodyBytes, name);
    t.equal(after.requests - before.requests, way.requests, name);
    t.equal(result.ttfbMs.count, way.requests, name);
    t.ok((result.ttfbMs.p50 ?? 0) <= (result.latencyMs.max ?? 0), name);
  }
});

t.test('the shuffled mode reads every range once', async (t) => {
  const origin = await startOrigin(t);
  const ranges = { connections: 3, requests: 4, rangeBytes: 2 ** 20, order: 'shuffled' } as const;
  const { bytes, errors } = await load(origin.port, ranges);
  t.same({ bytes, errors }, { bytes: OBJECT_BYTES, errors: 0 }, 'the short last one too');
});

t.test('a run of some seconds, beside slow and idle connections', async (t) => {
  const origin = await startOrigin(t);
  const result = await load(origin.port, {
    connections: 2,
    seconds: 0.3,
    rangeBytes: 2 ** 20,
    slowConnections: 1,
    slowBytesPerSecond: 1e6,
    idleConnections: 20,
  });
  t.equal(result.errors, 0, result.firstError);
  t.equal(result.slow.errors, 0, result.slow.firstError);
  t.same(result.idle, { opened: 20, lost: 0 });
  t.ok(result.requests > 0);
  t.ok(result.slow.bytes > 0);
  t.ok(result.slow.bytes <= 1e6 * (result.seconds + 0.1), 'no faster than its rate');
});

/** Answers ranges of `bytes`, but for what `spoil` does first; true when it has answered. */
async function startServer(
  t: Test,
  bytes: Buffer,
  spoil: (response: ServerResponse) => boolean = () => false,
): Promise<number> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    if (spoil(response)) return;
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const body = bytes.subarray(Number(first), Number(last) + 1);
    response.writeHead(206, {
      'content-range': `bytes ${String(first)}-${String(last)}/${String(bytes.length)}`,
      'content-length': body.length,
    });
    response.end(body);
  }).listen(0, '127.0.0.1');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const RANGES = { connections: 1, requests: 4, rangeBytes: 2 ** 20, order: 'sequential' } as const;

t.test('the load client counts wrong bytes, statuses and lengths by kind', async (t) => {
  const file = join(t.testdir(), 'object');
  const flags = ['--object', '0', '--bytes', String(OBJECT_BYTES), '--out', file];
  await processes.run([tools.pattern, ...flags], 60_000);
  const right = readFileSync(file);
  t.equal(right.length, OBJECT_BYTES);
  const whole = await load(await startServer(t, right), { ...RANGES, verify: true });
  t.same([whole.errors, whole.bytes], [0, OBJECT_BYTES], whole.firstError);

  for (const place of [0, 1_234_567, OBJECT_BYTES - 1]) {
    const flipped = Buffer.from(right);
    flipped.writeUInt8(flipped.readUInt8(place) ^ 1, place);
    const port = await startServer(t, flipped);
    const { errors, errorKinds, firstError } = await load(port, { ...RANGES, verify: true });
    t.same([errors, errorKinds['mismatch']], [1, 1], firstError);
    t.equal(firstError, `mismatch: a wrong byte at ${String(place)}`);
    const unseen = await load(port, RANGES);
    t.equal(unseen.errors, 0, 'discarding does not look');
  }

  const ignoring = await startServer(t, right, (response) => {
    response.end(right);
    return true;
  });
  t.match(await load(ignoring, RANGES), { errorKinds: { status: 4 }, requests: 0 });
  const cutting = await startServer(t, right, (response) => {
    response.writeHead(206, {
      'content-length': 2 ** 20,
      'content-range': `bytes 0-1048575/${String(OBJECT_BYTES)}`,
    });
    response.write('x', () => response.destroy());
    return true;
  });
  t.match(await load(cutting, { ...RANGES, requests: 1 }), {
    errorKinds: { reset: 1 },
    requests: 0,
  });
  const short = await startServer(t, right, (response) => {
    response.writeHead(206, { 'content-length': 5 }).end('short');
    return true;
  });
  t.match(await load(short, RANGES), { errorKinds: { length: 4 }, requests: 0 });
});

/** One request as plain HTTP. */
async function ask(
  { port }: Origin,
  headers: Readonly<Record<string, string>>,
  method = 'GET',
): Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { port, host: '127.0.0.1', path: '/objects/1', method, headers };
    get({ ...options, agent: false }, resolve).on('error', reject);
  });
  const pieces: Buffer[] = [];
  for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: Buffer.concat(pieces),
  };
}

t.test('the origin answers ranges and conditions as RFC 9110 says', async (t) => {
  const origin = await startOrigin(t);
  const whole = await ask(origin, {});
  t.equal(whole.status, 200);
  t.equal(whole.body.length, OBJECT_BYTES);
  t.equal(whole.headers['cache-control'], 'max-age=86400');
  const etag = whole.headers.etag ?? '';
  t.match(etag, /^"[^"]+"$/, 'a strong one');
  const modified = whole.headers['last-modified'] ?? '';

  const head = await ask(origin, { range: 'bytes=0-9' }, 'HEAD');
  t.equal(head.status, 200, 'Range is for GET alone');
  t.equal(head.headers['content-length'], String(OBJECT_BYTES));

  const total = String(OBJECT_BYTES);
  const ranges: [string, number, number][] = [
    ['bytes=0-0', 0, 1],
    ['bytes=7-', 7, OBJECT_BYTES],
    ['bytes=-3', OBJECT_BYTES - 3, OBJECT_BYTES],
    [`bytes=-${total}9`, 0, OBJECT_BYTES],
    [`bytes=5-${total}9`, 5, OBJECT_BYTES],
  ];
  for (const [range, start, end] of ranges) {
    const part = await ask(origin, { range, 'if-range': etag });
    t.equal(part.status, 206, range);
    t.equal(part.headers['content-range'], `bytes ${String(start)}-${String(end - 1)}/${total}`);
    t.ok(part.body.equals(whole.body.subarray(start, end)), range);
  }
  for (const range of [`bytes=${total}-`, 'bytes=-0']) {
    const refused = await ask(origin, { range });
    t.equal(refused.status, 416, range);
    t.equal(refused.headers['content-range'], `bytes */${total}`);
  }
  for (const range of ['bytes=5-4', 'bytes=x-', 'bytes=0-1,3-4', 'lines=1-2']) {
    t.equal((await ask(origin, { range })).status, 200, range);
  }
  t.equal((await ask(origin, { range: 'bytes=0-0', 'if-range': '"other"' })).status, 200);
  t.equal((await ask(origin, { 'if-none-match': `"x", ${etag}` })).status, 304);
  t.equal(
    (await ask(origin, { 'if-none-match': '"x"', 'if-modified-since': modified })).status,
    200,
  );
  t.equal((await ask(origin, { 'if-modified-since': modified })).status, 304);
});

t.test('a rate-limited origin never exceeds its limit, from the first byte on', async (t) => {
  const origin = await startOrigin(t, { bytesPerSecond: 10e6 });
  const { errors, seconds, ttfbMs, bytes } = await load(origin.port, {
    connections: 4,
    requests: 4,
  });
  t.equal(errors, 0);
  const credit = 4 * 16 * 1024;
  t.ok(seconds >= (bytes - credit) / 10e6 - 0.01, `${String(seconds)} s`);
  t.ok((ttfbMs.p50 ?? Infinity) < (seconds * 1000) / 4, 'first bytes do not wait for the limit');
});

t.test('a limit per connection applies to each connection', async (t) => {
  const rate = 10e6;
  const origin = await startOrigin(t, { connectionBytesPerSecond: rate });
  const { errors, seconds, bytes } = await load(origin.port, { connections: 2, requests: 4 });
  t.equal(errors, 0);
  t.ok(seconds >= (bytes - 4 * 16 * 1024) / (2 * rate) - 0.01, `${String(seconds)} s`);
});

t.test('evict drops pages, also of files that were just written', async (t) => {
  const directory = t.testdir({ below: {} });
  writeFileSync(join(directory, 'below', 'file'), Buffer.alloc(2 ** 20, 1));
  const out = await processes.run([tools.evict, '--directory', directory], 60_000);
  const { files, bytes, residentBytes } = JSON.parse(out) as Record<string, number>;
  t.same({ files, bytes }, { files: 1, bytes: 2 ** 20 });
  if (statfsSync(directory).type !== TMPFS_MAGIC) t.equal(residentBytes, 0);
});

t.test('the load client refuses invalid flags', async (t) => {
  const commands = [
    [tools.load, '--port', '1'],
    [tools.load, '--port', '1', '--object-bytes', '10'],
    [tools.load, '--what', '1'],
    [tools.origin, '--objects', 'many'],
    [tools.evict],
  ];
  for (const command of commands) {
    await t.rejects(processes.run(command, 10_000), /Command failed/, command.slice(1).join(' '));
  }
});

/**
 * What the short way takes on and what it leaves; its answers are compared in
 * test/property/reusable.
 */
import type { ServerResponse } from 'node:http';
import t, { type Test } from 'tap';
import type { OpenPart, ReusableHit } from '#src/cache/api/facade.js';
import { Access } from '#src/http/access/access.js';
import { createFront, type FrontConfig } from '#src/http/server.js';
import { HotHits } from '#src/http/hits/hot-hits.js';
import { DEFAULT_CHUNK_SIZE_BYTES, offsetInChunk } from '#src/model/chunk.js';
import { toHeaderMap } from '#src/model/headers.js';
import type { InlineSendEnd } from '#src/model/segment.js';
import { systemClock } from '#src/model/time.js';
import { BufferSender } from '#src/send/buffer-sender.js';
import { allWasSent } from '#src/send/sent-head.js';
import { createTelemetry } from '#src/telemetry/telemetry.js';
import { MemoryCache } from '../../fixtures/memory-cache.js';
import { getRequest, RawClient } from '../../fixtures/sending.js';
import { waitUntil } from '../../fixtures/wait-until.js';

const TEXT = 'what is stored';

/** A front whose cache says of `/a` that it stands, and what was sent on the spot. */
async function started(
  t: Test,
  end: (response: ServerResponse, head: string, part: OpenPart | null) => InlineSendEnd,
) {
  const cache = new MemoryCache();
  cache.objects.set('/a', { bytes: Buffer.from(TEXT) });
  const sent: { readonly head: string; readonly part: OpenPart | null }[] = [];
  const state = { stands: true, opens: true, released: 0 };
  const reusable: ReusableHit = {
    headers: toHeaderMap({ etag: '"a"' }),
    receivedAtMs: 0,
    lengthBytes: TEXT.length,
    freshnessAt: () => (state.stands ? { ageSeconds: 1, ttlSeconds: 2 } : undefined),
    open: (start, end) => {
      if (!state.opens) return undefined;
      const file = { fd: 0, retain: () => undefined, release: () => undefined };
      const release = (): void => {
        state.released += 1;
      };
      const offset = offsetInChunk(start, DEFAULT_CHUNK_SIZE_BYTES);
      return { file, offset, length: end - start, fileLength: TEXT.length, release };
    },
    ready: () => Promise.resolve(),
    body: () => ({
      lengthBytes: TEXT.length,
      acceptsRanges: true,
      isKept: true,
      async *read({ start, end }) {
        yield await Promise.resolve({
          kind: 'bytes',
          bytes: Buffer.from(TEXT).subarray(start, end),
        });
      },
      cost: () => ({ originBytes: 0, collapsed: false }),
      close: () => undefined,
    }),
  };
  const clock = systemClock;
  const bounds = { clock, clientIdleTimeoutMs: 60_000, sourceIdleTimeoutMs: 60_000 };
  const entries: Record<string, unknown>[] = [];
  const config: FrontConfig = {
    listen: {
      address: { host: '127.0.0.1', port: 0 },
      maxConnections: 10,
      headersTimeoutMs: 5000,
      requestTimeoutMs: 10_000,
      keepAliveTimeoutMs: 5000,
      drainTimeoutMs: 5000,
      forwarded: 'any',
    },
    origins: [{ name: 'origin', mount: '/' }],
  };
  const front = createFront({
    config,
    cache: {
      lookup: async (request) => ({ ...(await cache.lookup(request)), reusable: reusable }),
      invalidate: () => Promise.resolve(),
    },
    passing: { pass: () => Promise.reject(new Error('nothing is passed on here')) },
    sender: Object.assign(new BufferSender(bounds), {
      inline: {
        maxBytes: 100,
        send: (response: ServerResponse, head: string, part: OpenPart | null) => {
          sent.push({ head, part });
          return end(response, head, part);
        },
      },
    }),
    telemetry: createTelemetry(
      { level: 'info', format: 'json', access: true },
      { write: (line) => entries.push(JSON.parse(line) as Record<string, unknown>) },
    ),
    clock,
  });
  const { port } = await front.listen();
  const client = new RawClient(t, port);
  t.teardown(async () => {
    client.socket.destroy();
    await front.drain();
  });
  /** Asks, and waits for the answer's access line. */
  const ask = async (path = '/a', fields = ''): Promise<string> => {
    const before = client.text.length;
    const lines = entries.length;
    client.write(getRequest(path, fields));
    await waitUntil('the request has its access line', () => entries.length > lines);
    return client.text.slice(before);
  };
  return { ask, client, cache, config, entries, front, sent, state };
}

function sendAll(response: ServerResponse, head: string, part: OpenPart | null): InlineSendEnd {
  const body = part === null ? '' : TEXT.slice(part.offset, part.offset + part.length);
  response.req.socket.write(head + body, 'latin1');
  allWasSent(response, head);
  return { kind: 'all' };
}

t.test('the second of two equal requests is a hot hit, logged like the first', async (t) => {
  const { ask, cache, entries, front, sent, state } = await started(t, sendAll);
  await ask();
  t.equal(sent.length, 0, 'nothing is known yet');
  await ask('/a', 'Range: bytes=5-6\r\nX-Request-Id: me\r\n');
  t.equal(cache.requests.length, 1, 'nothing was looked up');
  t.match(sent, [
    { head: /^HTTP\/1\.1 206 .*x-request-id: me\r\n/s, part: { offset: 5, length: 2 } },
  ]);
  t.equal(state.released, 1);
  t.match(entries[1], {
    method: 'GET',
    path: '/a',
    range: 'bytes=5-6',
    status: 206,
    bytes: 2,
    result: 'hit',
    ending: 'complete',
    originBytes: 0,
    requestId: 'me',
  });
  t.match(front.requests.list(9).at(-1), {
    requestId: 'me',
    origin: 'origin',
    target: '/a',
    lengthBytes: 2,
    sentBytes: 2,
    state: { kind: 'done' },
  });
  await ask('/a');
  t.match(sent[1], { head: /^HTTP\/1\.1 200 /, part: { offset: 0, length: TEXT.length } });
});

t.test('requests that are no hot hits go to the exchange', async (t) => {
  const { ask, cache, config, front, sent, state } = await started(t, sendAll);
  await ask();
  const looked = async (why: string, path = '/a', fields = ''): Promise<void> => {
    const before = cache.requests.length;
    await ask(path, fields);
    t.equal(cache.requests.length, before + 1, why);
  };
  await looked('a condition', '/a', 'If-None-Match: "b"\r\n');
  await looked('another URL', '/a?b');
  await looked('several ranges', '/a', 'Range: bytes=0-1,4-5\r\n');
  await looked('a range beyond the end', '/a', 'Range: bytes=99-\r\n');
  state.opens = false;
  await looked('a chunk that is not at hand');
  state.opens = true;
  state.stands = false;
  await looked('what stands no more');
  state.stands = true;
  front.reconfigure(config);
  await looked('what was learnt under another configuration');
  t.equal(sent.length, 0);
  await ask();
  t.equal(sent.length, 1, 'and it is learnt again');
});

t.test('a body longer than the inline bound is not sent inline', async (t) => {
  const { ask, cache, sent } = await started(t, sendAll);
  cache.objects.set('/long', { bytes: Buffer.alloc(101) });
  await ask();
  t.equal(sent.length, 0);
});

t.test('a hot hit that could send nothing is answered by the exchange', async (t) => {
  const { ask, client, state } = await started(t, () => ({ kind: 'nothing' }));
  await ask();
  await ask();
  await client.until(() => client.text.split(TEXT).length === 3);
  t.equal(state.released, 1);
});

t.test('the rest of a partly sent hot hit keeps the same request id', async (t) => {
  const { ask, client, cache, entries } = await started(t, (response, head, part) => {
    if (part === null) throw new Error('there is a body');
    response.req.socket.write(head + TEXT.slice(part.offset, part.offset + 1), 'latin1');
    Object.assign(response, { _header: head, _headerSent: true });
    return { kind: 'some', bytesSent: 1 };
  });
  await ask();
  await ask('/a', 'Range: bytes=5-8\r\n');
  await client.until(() => client.text.endsWith(TEXT.slice(5, 9)));
  t.match(entries[1], { status: 206, bytes: 4, result: 'hit', ending: 'complete' });
  const id = /x-request-id: (\w+)\r\ncache-status: forebay;hit;ttl=2/.exec(client.text)?.[1];
  t.equal(entries[1]?.['requestId'], id);
  await ask('/b');
  t.equal(cache.requests.length, 2, 'and the connection goes on');
});

t.test('long heads are remembered within a bound in bytes, not in URLs', async (t) => {
  const answers = new HotHits(5000);
  const mounts = [{ name: 'origin', mount: '/' }];
  const access = new Access({ listen: {}, origins: mounts }, null);
  const cache = new MemoryCache();
  const learning = (headers: Readonly<Record<string, string>>) =>
    answers.learningFrom(
      {
        lookup: async (request) => ({
          ...(await cache.lookup(request)),
          reusable: {
            headers: toHeaderMap(headers),
            receivedAtMs: 0,
            lengthBytes: 1,
            freshnessAt: () => ({ ageSeconds: 1, ttlSeconds: 2 }),
            open: () => undefined,
            ready: () => Promise.resolve(),
            body: () => undefined,
          },
        }),
        invalidate: () => Promise.resolve(),
      },
      () => ({ mounts, access, clock: systemClock }),
    );
  const learn = async (headers: Readonly<Record<string, string>>): Promise<number> => {
    for (let i = 0; i < 2000; i += 1) {
      await learning(headers).lookup({
        origin: 'origin',
        target: `/${String(i)}`,
        method: 'GET',
        headers: toHeaderMap({}),
        hint: { kind: 'whole' },
        signal: new AbortController().signal,
      });
    }
    return answers.size;
  };
  t.equal(await learn({ etag: '"a"' }), 1024);
  answers.reconfigure(5000);
  const long = 60_000;
  const count = await learn({ link: 'x'.repeat(long) });
  t.ok(count > 0 && count * 5 * long <= 16 * 2 ** 20, String(count));
});

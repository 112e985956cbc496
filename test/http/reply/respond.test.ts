import t from 'tap';
import type { CacheAnswer } from '#src/cache/api/facade.js';
import { parseRange } from '#src/http/request/range-header.js';
import {
  type Reply,
  replyToAnswer,
  replyToError,
  replyToOptions,
  replyToPassed,
  replyToRefusal,
} from '#src/http/reply/respond.js';
import type { RefusalReason } from '#src/http/request/screen.js';
import { toHeaderMap } from '#src/model/headers.js';
import { MemoryCache, type MemoryObject } from '../../fixtures/memory-cache.js';

const NOW = Date.UTC(2026, 5, 1);
const DATE = 'Mon, 01 Jun 2026 00:00:00 GMT';

function context(method: 'GET' | 'HEAD', headers: Record<string, string>) {
  const map = toHeaderMap(headers);
  return {
    method,
    headers: map,
    range: parseRange(headers['range']),
    requestId: 'r1',
    traceId: null,
    nowMs: NOW,
    boundary: () => 'DELIMITER',
  };
}

async function reply(
  object: MemoryObject,
  headers: Record<string, string> = {},
  method: 'GET' | 'HEAD' = 'GET',
): Promise<Reply> {
  const cache = new MemoryCache();
  cache.objects.set('/a', object);
  const answer: CacheAnswer = await cache.lookup({
    origin: 'o',
    target: '/a',
    method,
    headers: toHeaderMap(headers),
    hint: { kind: 'whole' },
    signal: new AbortController().signal,
  });
  return replyToAnswer(answer, context(method, headers));
}

const OBJECT: MemoryObject = {
  bytes: Buffer.alloc(100),
  headers: { etag: '"e"', 'content-type': 'x/y', 'content-length': '7', 'accept-ranges': 'none' },
};

t.test('a request without Range gets 200 with the whole representation', async (t) => {
  const whole = await reply(OBJECT);
  t.match(whole, { kind: 'body', content: [{ kind: 'range', start: 0, end: 100 }] });
  t.same(
    whole.head,
    {
      status: 200,
      headers: {
        etag: '"e"',
        'content-type': 'x/y',
        'content-length': '100',
        'accept-ranges': 'bytes',
        via: '1.1 forebay',
        date: DATE,
        'x-request-id': 'r1',
        'cache-status': 'forebay;hit',
      },
    },
    'framing is ours, whatever the stored fields say',
  );
});

t.test('one range gets 206 with its bytes', async (t) => {
  for (const [field, start, end] of [
    ['bytes=0-0', 0, 1],
    ['bytes=10-', 10, 100],
    ['bytes=-10', 90, 100],
    ['bytes=90-1000', 90, 100],
    ['bytes=-1000', 0, 100],
  ] as const) {
    t.match(
      await reply(OBJECT, { range: field }),
      {
        kind: 'body',
        content: [{ kind: 'range', start, end }],
        head: {
          status: 206,
          headers: {
            'content-length': String(end - start),
            'content-range': `bytes ${String(start)}-${String(end - 1)}/100`,
          },
        },
      },
      field,
    );
  }
});

t.test('ranges that are ignored get the whole representation', async (t) => {
  for (const headers of [
    { range: 'bytes=1-,5-,6-' },
    { range: 'lines=1-2' },
    { range: 'bytes=x' },
    { range: 'bytes=1-2', 'if-range': '"other"' },
  ]) {
    t.match(await reply(OBJECT, headers), { head: { status: 200 }, content: [{ end: 100 }] });
  }
  t.match(await reply(OBJECT, { range: 'bytes=1-2', 'if-range': '"e"' }), {
    head: { status: 206 },
  });
  const empty = await reply({ bytes: Buffer.alloc(0) }, { range: 'bytes=-5' });
  t.match(empty, { head: { status: 200, headers: { 'content-length': '0' } } });
  const unknown = await reply({ ...OBJECT, knownLength: false }, { range: 'bytes=1-2' });
  t.match(unknown, { head: { status: 200 }, content: [{ start: 0, end: Infinity }] });
  t.notOk(unknown.head.headers['accept-ranges']);
  t.notOk(unknown.head.headers['content-length']);
});

t.test("an origin's Content-Range is not sent with a multipart answer", async (t) => {
  const headers = { ...OBJECT.headers, 'content-range': 'bytes 0-9/10' };
  const several = await reply({ ...OBJECT, headers }, { range: 'bytes=0-9,50-59' });
  t.equal(several.head.status, 206);
  t.equal(several.head.headers['content-range'], undefined);
});

t.test('several ranges get 206 multipart/byteranges', async (t) => {
  const several = await reply(OBJECT, { range: 'bytes=0-9,200-,50-59' });
  t.match(several, {
    kind: 'body',
    head: {
      status: 206,
      headers: {
        etag: '"e"',
        'content-type': 'multipart/byteranges; boundary=DELIMITER',
        'content-range': undefined,
        'content-length': String(
          2 * 10 +
            '--DELIMITER\r\nContent-Type: x/y\r\nContent-Range: bytes 0-9/100\r\n\r\n'.length +
            '\r\n--DELIMITER\r\nContent-Type: x/y\r\nContent-Range: bytes 50-59/100\r\n\r\n'
              .length +
            '\r\n--DELIMITER--\r\n'.length,
        ),
      },
    },
    content: [{}, { start: 0, end: 10 }, {}, { start: 50, end: 60 }, {}],
  });
  t.match(
    await reply(OBJECT, { range: 'bytes=0-9,10-19,200-' }),
    { head: { headers: { 'content-range': 'bytes 0-19/100', 'content-type': 'x/y' } } },
    'one that is left is no multipart',
  );
  t.match(
    await reply({ ...OBJECT, kept: false }, { range: 'bytes=0-9,50-59' }),
    { head: { status: 200 } },
    'what is not kept would be fetched for each part',
  );
  t.match(await reply(OBJECT, { range: 'bytes=0-9,50-59' }, 'HEAD'), {
    kind: 'head-only',
    head: { status: 200, headers: { 'content-length': '100' } },
  });
  t.match(await reply(OBJECT, { range: 'bytes=100-,-0' }), {
    head: { status: 416, headers: { 'content-range': 'bytes */100' } },
  });
});

t.test('an unsatisfiable range gets 416 with the length', async (t) => {
  const out = await reply(OBJECT, { range: 'bytes=100-' });
  t.match(out, {
    kind: 'text',
    head: { status: 416, headers: { 'content-range': 'bytes */100' } },
  });
  t.equal(out.head.headers['content-type'], 'text/plain; charset=utf-8');
});

t.test('a matching If-None-Match gets 304 without content fields', async (t) => {
  const same = await reply(OBJECT, { 'if-none-match': '"e"', range: 'bytes=0-1' });
  t.equal(same.kind, 'head-only');
  t.equal(same.head.status, 304);
  t.same(
    Object.keys(same.head.headers).filter((name) => name.startsWith('content-')),
    [],
    'a 304 describes no content',
  );
  t.equal(same.head.headers['etag'], '"e"');
  t.match(await reply(OBJECT, { 'if-match': '"x"' }), { kind: 'text', head: { status: 412 } });
});

t.test("HEAD gets the whole representation's head, whatever Range", async (t) => {
  t.match(await reply(OBJECT, { range: 'bytes=1-2' }, 'HEAD'), {
    kind: 'head-only',
    head: { status: 200, headers: { 'content-length': '100' } },
  });
});

t.test('other statuses are sent without ranges or preconditions', async (t) => {
  const missing = await reply(
    { status: 404, bytes: Buffer.from('no'), headers: { etag: '"e"' } },
    { range: 'bytes=0-0', 'if-none-match': '"e"' },
  );
  t.match(missing, { kind: 'body', head: { status: 404, headers: { 'content-length': '2' } } });
  t.notOk(missing.head.headers['accept-ranges']);
  t.match(await reply({ status: 204 }), { kind: 'head-only', head: { status: 204 } });
});

t.test('Age, Date, Via and Cache-Status of upstream caches are merged', async (t) => {
  const headers = { age: '5', date: 'x', via: '1.1 cdn', 'cache-status': 'cdn;hit' };
  const stored = await reply({ ...OBJECT, headers, ageSeconds: 12.9 });
  t.match(stored.head.headers, {
    age: '12',
    date: 'x',
    via: '1.1 cdn, 1.1 forebay',
    'cache-status': 'cdn;hit, forebay;hit',
  });
  const fresh = await reply({ ...OBJECT, headers, ageSeconds: null });
  t.equal(fresh.head.headers['age'], '5', "of a response just received: the origin's Age");
});

t.test('an error response names its code and nothing else', (t) => {
  const out = replyToError(
    {
      code: 'origin-busy',
      message: 'http://secret@internal/path',
      source: 'origin',
      retryable: true,
      retryAfterMs: 2100,
    },
    context('GET', {}),
  );
  t.match(out, {
    kind: 'text',
    text: 'origin-busy (request r1)\n',
    head: {
      status: 503,
      headers: {
        'retry-after': '3',
        'cache-control': 'no-store',
        'cache-status': 'forebay;detail=origin-busy',
      },
    },
  });
  t.notMatch(JSON.stringify(out), /secret/);
  const slow = replyToError(
    { code: 'origin-timeout', message: '', source: 'origin', retryable: true },
    context('GET', {}),
  );
  t.equal(slow.head.status, 504);
  t.notOk(slow.head.headers['retry-after']);
  t.end();
});

t.test('a refusal has its status, Allow and Connection: close', (t) => {
  const refusal = (reason: RefusalReason) => replyToRefusal(reason, context('GET', {}), 'GET, PUT');
  const refused = refusal('method-not-allowed');
  t.match(refused.head, {
    status: 405,
    headers: { allow: 'GET, PUT', connection: 'close' },
  });
  const full = refusal('too-many-connections');
  t.match(full.head, { status: 503, headers: { 'retry-after': '1', connection: 'close' } });
  t.notOk(full.head.headers['allow']);
  t.notOk(refusal('no-such-mount').head.headers['connection']);
  t.end();
});

t.test('a forwarded response is sent as the origin made it', async (t) => {
  const cache = new MemoryCache();
  const headers = { etag: '"e"', 'content-range': 'bytes 0-1/2', 'accept-ranges': 'x' };
  cache.objects.set('/a', { bytes: Buffer.from('ok'), headers });
  const answer = await cache.lookup({
    origin: 'o',
    target: '/a',
    method: 'GET',
    headers: toHeaderMap({}),
    hint: { kind: 'whole' },
    signal: new AbortController().signal,
  });
  const fields = { 'if-none-match': '"e"', 'if-match': '"other"', range: 'bytes=0-0' };
  const passed = replyToPassed(answer, context('GET', fields));
  t.match(passed, {
    kind: 'body',
    head: { status: 200, headers: { ...headers, 'content-length': '2' } },
    content: [{ start: 0, end: 2 }],
  });
});

t.test('OPTIONS about Forebay gets 204 with Allow', (t) => {
  t.match(replyToOptions(context('GET', {}), 'GET, PUT'), {
    kind: 'head-only',
    head: { status: 204, headers: { allow: 'GET, PUT', 'content-length': undefined } },
  });
  t.end();
});

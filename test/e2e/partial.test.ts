/** Partial content over real sockets, stores and origins: parts, If-Range, and what they cost. */
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { cacheFiles } from '../fixtures/program-disk.js';
import { readParts } from '../fixtures/multipart.js';
import { describe, RUNNING_CHUNK_BYTES as C, startForebay } from '../fixtures/running.js';
import { bytesOf, fresh, runOrigin, sizeOf } from '../fixtures/running-origin.js';
import {
  DEFAULT_ETAG,
  DEFAULT_LAST_MODIFIED,
  type ObjectSpec,
} from '../fixtures/scripted-origin.js';

const CHUNKS = 6;
const LENGTH = sizeOf(CHUNKS);
const BYTES = bytesOf(1, CHUNKS);

async function start(t: Test, more: Partial<ObjectSpec> = {}) {
  const origin = await runOrigin(t, { '/a': fresh(1, CHUNKS, { contentType: 'x/y', ...more }) });
  return { origin, forebay: await startForebay(t, { origin }) };
}

t.test('ranges are exact on a miss and on a hit, and cost only their chunks', async (t) => {
  const { origin, forebay } = await start(t);
  const asked: readonly (readonly [number, number])[] = [
    [4 * C + 10, 4 * C + 20],
    [C - 5, C + 5],
    [LENGTH - 7, LENGTH],
    // In a chunk that another part has opened already.
    [4 * C + 100, 4 * C + 101],
  ];
  const range = `bytes=${asked.map(([from, end]) => `${String(from)}-${String(end - 1)}`).join(', ')}`;
  for (const expected of ['forebay;fwd=uri-miss;fwd-status=206;stored', 'forebay;hit']) {
    const got = await forebay.get('/a', { headers: { range } });
    t.equal(got.status, 206, describe(got));
    t.equal(String(got.headers['cache-status']).replace(/;ttl=.*/, ''), expected);
    t.notOk(got.headers['content-range'], 'that is what each part has');
    t.equal(got.headers['content-length'], String(got.body.length));
    const parts = readParts(got.headers['content-type'], got.body);
    t.same(
      parts.map(({ start, end, length }) => [start, end, length]),
      asked.map(([from, end]) => [from, end, LENGTH]),
    );
    for (const { bytes, start, end, headers } of parts) {
      t.ok(bytes.equals(BYTES.subarray(start, end)), `${String(start)}-${String(end)}`);
      t.equal(headers['content-type'], 'x/y');
    }
    await forebay.holds(4);
  }
  t.equal(origin.bodyBytes, 3 * C + (LENGTH - 5 * C), 'chunks 0, 1, 4 and 5, once');
  t.equal(await forebay.metric('forebay_chunks_verified_total'), 0, 'none is in doubt');
  t.equal(
    origin.requests[0]?.range,
    `bytes=${String(4 * C)}-${String(5 * C - 1)}`,
    'the first contact brings the first part',
  );
});

t.test('large ranges, sent by another path than small ones, are exact', async (t) => {
  const { forebay } = await start(t);
  const range = `bytes=${String(3 * C + 1)}-${String(5 * C)},7-${String(2 * C)},-${String(C)}`;
  for (const round of ['miss', 'hit']) {
    const got = await forebay.get('/a', { headers: { range } });
    const parts = readParts(got.headers['content-type'], got.body);
    t.same(
      parts.map(({ start, end }) => [start, end]),
      [
        [3 * C + 1, LENGTH],
        [7, 2 * C + 1],
      ],
      round,
    );
    for (const { bytes, start, end } of parts) t.ok(bytes.equals(BYTES.subarray(start, end)));
    await forebay.holds(CHUNKS);
  }
});

t.test('a partly held range reports so, and fetches only the rest', async (t) => {
  const { origin, forebay } = await start(t);
  await forebay.range('/a', 0, 10);
  await forebay.holds(1);
  const got = await forebay.get('/a', {
    headers: { range: `bytes=0-9,${String(2 * C)}-${String(2 * C + 9)}` },
  });
  t.equal(got.headers['cache-status'], 'forebay;fwd=partial;stored');
  t.equal(readParts(got.headers['content-type'], got.body).length, 2);
  t.equal(origin.bodyBytes, 2 * C);
});

t.test('an uncacheable object is not fetched by ranges', async (t) => {
  const { origin, forebay } = await start(t, { cacheControl: 'no-store' });
  const range = `bytes=${Array.from({ length: 10 }, (_, i) => `${String(9 * i)}-${String(9 * i)}`).join()}`;
  const got = await forebay.get('/a', { headers: { range } });
  t.equal(got.status, 200);
  t.ok(got.body.equals(BYTES), describe(got));
  t.ok(origin.bodyBytes <= LENGTH, `${String(origin.bodyBytes)} of ${String(LENGTH)}`);
});

t.test('HEAD ignores Range', async (t) => {
  const { forebay } = await start(t);
  for (const range of ['bytes=0-1', 'bytes=0-1,5-6', `bytes=${String(LENGTH)}-`]) {
    const got = await forebay.get('/a', { method: 'HEAD', headers: { range } });
    t.equal(got.status, 200, range);
    t.equal(got.headers['content-length'], String(LENGTH));
    t.notOk(got.headers['content-range']);
  }
});

t.test('416 is sent only when no range can be satisfied', async (t) => {
  const { forebay } = await start(t);
  for (const round of ['miss', 'hit']) {
    const end = String(LENGTH);
    const none = await forebay.get('/a', { headers: { range: `bytes=${end}-,-0` } });
    t.equal(none.status, 416, round);
    t.equal(none.headers['content-range'], `bytes */${end}`);
    const one = await forebay.get('/a', { headers: { range: `bytes=${end}-,0-4` } });
    t.equal(one.status, 206, round);
    t.equal(one.headers['content-range'], `bytes 0-4/${end}`);
    t.ok(one.body.equals(BYTES.subarray(0, 5)));
  }
});

t.test('If-Range is evaluated on a miss, a hit and a stale response', async (t) => {
  const allowed = [DEFAULT_ETAG, DEFAULT_LAST_MODIFIED];
  const forbidden = [
    '"other"',
    `W/${DEFAULT_ETAG}`,
    'Sun, 06 Nov 1994 08:49:37 GMT',
    // A date is compared exactly: later does not mean unmodified.
    'Fri, 01 Jan 2100 00:00:00 GMT',
    'yesterday',
  ];
  for (const cacheControl of ['max-age=3600', 'no-cache']) {
    for (const [index, value] of [...allowed, ...forbidden].entries()) {
      const { origin, forebay } = await start(t, { cacheControl });
      for (const range of ['bytes=10-19', 'bytes=10-19,100-109']) {
        for (const round of ['first', 'second']) {
          const got = await forebay.get('/a', { headers: { range, 'if-range': value } });
          const what = `${cacheControl} ${range} ${round} ${value}`;
          if (index < allowed.length) t.equal(got.status, 206, what);
          else {
            t.equal(got.status, 200, what);
            t.ok(got.body.equals(BYTES), what);
          }
        }
      }
      t.ok(origin.bodyBytes <= LENGTH, 'whatever it is, once');
    }
  }
});

t.test('If-Range after a change gets the whole new representation', async (t) => {
  const { origin, forebay } = await start(t, { cacheControl: 'no-cache' });
  await forebay.range('/a', 10, 20);
  origin.objects.set('/a', fresh(2, CHUNKS, { cacheControl: 'no-cache', etag: '"new"' }));
  const got = await forebay.get('/a', {
    headers: { range: 'bytes=10-19,100-109', 'if-range': DEFAULT_ETAG },
  });
  t.equal(got.status, 200);
  t.ok(got.body.equals(bytesOf(2, CHUNKS)), describe(got));
});

t.test('a range whose chunks are corrupt on disk is healed within its response', async (t) => {
  const { origin, forebay } = await start(t);
  await forebay.get('/a');
  await forebay.holds(CHUNKS);
  await forebay.stop();
  for (const file of cacheFiles(forebay.directory, 'chunks')) {
    const bytes = readFileSync(file);
    bytes[5] = (bytes[5] ?? 0) ^ 1;
    writeFileSync(file, bytes);
  }
  const again = await startForebay(t, { origin, directory: forebay.directory });
  const range = `bytes=0-9,${String(3 * C)}-${String(3 * C + 9)},-5`;
  const got = await again.get('/a', { headers: { range } });
  const parts = readParts(got.headers['content-type'], got.body);
  t.equal(parts.length, 3);
  for (const { bytes, start, end } of parts) t.ok(bytes.equals(BYTES.subarray(start, end)));
  t.equal(origin.bodyBytes, LENGTH + 2 * C + (LENGTH - 5 * C), 'three chunks were fetched again');
});

t.test('a chunk lost between two ranges is fetched alone', async (t) => {
  const { origin, forebay } = await start(t);
  await forebay.get('/a');
  await forebay.holds(CHUNKS);
  for (const file of cacheFiles(forebay.directory, 'chunks')) truncateSync(file, 5);
  const range = `bytes=0-4,${String(3 * C + 100)}-${String(3 * C + 109)}`;
  const got = await forebay.get('/a', { headers: { range } });
  const parts = readParts(got.headers['content-type'], got.body);
  for (const { bytes, start, end } of parts) t.ok(bytes.equals(BYTES.subarray(start, end)));
  t.equal(parts.length, 2);
  t.equal(origin.bodyBytes, LENGTH + C, 'what is left of chunk 0 was enough');
});

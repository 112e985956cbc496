/** OriginClient suite: heads and bodies arrive exactly, however they are cut and coded. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Test } from 'tap';
import { deferred } from '#src/model/deferred.js';
import type { HeadVerdict } from '#src/model/fetch.js';
import { CollectingSink, originRequest } from '../fixtures/origin-sink.js';
import { OBJECT_BYTES, expected, setUp, type ClientUnderTest } from './origin-client-subject.js';

export async function originBodies(t: Test, subject: ClientUnderTest): Promise<void> {
  await t.test('any range arrives exactly, whatever space the sink gives', async (t) => {
    const { client, url } = await setUp(t, subject);
    const offset = fc.integer({ min: 0, max: OBJECT_BYTES });
    const cases = fc.record({
      ends: fc.tuple(offset, offset).filter(([a, b]) => a !== b),
      spaceBytes: fc.integer({ min: 1, max: 100_000 }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ ends, spaceBytes }) => {
        const [start, end] = [Math.min(...ends), Math.max(...ends)];
        const sink = new CollectingSink({ spaceBytes: Math.max(spaceBytes, (end - start) >> 10) });
        const outcome = await client.fetch(originRequest(url, { range: { start, end } }), sink);
        t.strictSame(outcome, { kind: 'complete', bodyBytes: end - start });
        t.equal(sink.heads[0]?.status, 206);
        t.ok(sink.bytes.equals(expected(start, end)));
      }),
      { numRuns: 25 },
    );
  });

  await t.test('an open range, the whole object and empty bodies arrive exactly', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    origin.objects.set('/empty', { bytes: Buffer.alloc(0) });
    const tail = new CollectingSink();
    await client.fetch(originRequest(url, { range: { start: 299_990, end: null } }), tail);
    t.ok(tail.bytes.equals(expected(299_990)));
    t.equal(origin.requests.at(-1)?.range, 'bytes=299990-');

    const whole = new CollectingSink();
    await client.fetch(originRequest(url), whole);
    t.ok(whole.bytes.equals(expected()));
    t.equal(origin.requests.at(-1)?.range, undefined);
    t.equal(whole.heads[0]?.contentLength, OBJECT_BYTES);

    const empty = new CollectingSink();
    const outcome = await client.fetch(originRequest(`${origin.url}/empty`), empty);
    t.strictSame(outcome, { kind: 'complete', bodyBytes: 0 });
  });

  await t.test('every status is delivered with its body', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    for (const status of [301, 401, 404, 429, 500, 503]) {
      origin.next({ kind: 'status', status, body: `say ${String(status)}` });
      const sink = new CollectingSink();
      await client.fetch(originRequest(url), sink);
      t.equal(sink.heads[0]?.status, status);
      t.equal(sink.bytes.toString(), `say ${String(status)}`);
    }
    const beyond = new CollectingSink();
    await client.fetch(originRequest(url, { range: { start: OBJECT_BYTES, end: null } }), beyond);
    t.equal(beyond.heads[0]?.status, 416);
    t.equal(beyond.heads[0]?.headers['content-range'], `bytes */${String(OBJECT_BYTES)}`);
  });

  await t.test('204 and 304 have no body, whatever their Content-Length', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    for (const status of [204, 304]) {
      // The body text is empty: only the field claims one.
      origin.next([
        { kind: 'status', status, body: '' },
        { kind: 'fields', fields: { 'Content-Length': status === 304 ? '12345' : null } },
      ]);
      const sink = new CollectingSink();
      const outcome = await client.fetch(originRequest(url), sink);
      t.strictSame(outcome, { kind: 'complete', bodyBytes: 0 });
      t.equal(sink.heads[0]?.status, status);
    }
    const conditions = { 'if-none-match': '"scripted-1"' };
    const sink = new CollectingSink();
    await client.fetch(originRequest(url, { conditions }), sink);
    t.equal(sink.heads[0]?.status, 304);
  });

  await t.test('heads and bodies written byte by byte are parsed', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    origin.script({ actions: [{ kind: 'split', bytes: 1 }] });
    const sink = new CollectingSink();
    await client.fetch(originRequest(url, { range: { start: 5, end: 205 } }), sink);
    t.ok(sink.bytes.equals(expected(5, 205)));
    t.equal(sink.heads[0]?.headers['etag'], '"scripted-1"');
  });

  await t.test('interim responses are reported and are no final head', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    const actions = [102, 103].map((status) => ({ kind: 'interim', status }) as const);
    origin.script({ actions });
    const sink = new CollectingSink();
    await client.fetch(originRequest(url, { range: { start: 0, end: 10 } }), sink);
    t.strictSame(
      sink.heads.map(({ status }) => status),
      [206],
    );
    t.equal(sink.heads[0]?.headers['x'], undefined);
    t.match(sink.interims, [
      { status: 102, headers: { x: 'y' } },
      { status: 103, headers: { x: 'y' } },
    ]);
  });

  await t.test('a body without a length ends with the connection', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    origin.script({ actions: [{ kind: 'close-delimited' }] });
    const sink = new CollectingSink();
    const outcome = await client.fetch(originRequest(url), sink);
    t.strictSame(outcome, { kind: 'complete', bodyBytes: OBJECT_BYTES });
    t.equal(sink.heads[0]?.contentLength, null);
    t.ok(sink.bytes.equals(expected()));
  });

  await t.test('a chunked body is decoded exactly', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    origin.script({ actions: [{ kind: 'chunked' }] });
    const sink = new CollectingSink();
    const outcome = await client.fetch(originRequest(url), sink);
    t.strictSame(outcome, { kind: 'complete', bodyBytes: OBJECT_BYTES });
    t.ok(sink.bytes.equals(expected()));
    await client.fetch(originRequest(url), new CollectingSink());
    t.equal(origin.connections, 1, 'its end leaves the connection as it was');
  });

  await t.test('a coded body is delivered without decoding', async (t) => {
    const { origin, client } = await setUp(t, subject);
    const coded = gzipSync('some text');
    origin.objects.set('/gz', { bytes: coded, fields: { 'Content-Encoding': 'gzip' } });
    const sink = new CollectingSink();
    await client.fetch(originRequest(`${origin.url}/gz`), sink);
    t.ok(sink.bytes.equals(coded));
    t.equal(origin.requests[0]?.headers['accept-encoding'], 'identity');
  });

  await t.test('a sink that delays every byte is waited for', async (t) => {
    const { client, url } = await setUp(t, subject);
    for (const spaceBytes of [1000, 7919, 70_000]) {
      const sink = new CollectingSink({
        spaceBytes,
        onFilled: () => new Promise((resolve) => setImmediate(resolve)),
      });
      const outcome = await client.fetch(originRequest(url), sink);
      t.strictSame(outcome, { kind: 'complete', bodyBytes: OBJECT_BYTES });
      t.ok(sink.bytes.equals(expected()));
      t.equal(sink.calledWhilePending, 0);
    }
  });

  await t.test('a refused body does not reach the next response', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    const forged = 'HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\n\r\nevil';
    for (const status of [302, 304]) {
      const fields = { 'Content-Length': '0' };
      origin.next([
        { kind: 'status', status, body: '' },
        { kind: 'fields', fields },
        { kind: 'raw-field', text: `\r\n${forged}` },
      ]);
      const refusing = new CollectingSink({ verdict: () => 'refuse' });
      await client.fetch(originRequest(url), refusing).catch(() => undefined);
      const next = new CollectingSink();
      await client.fetch(originRequest(url, { range: { start: 0, end: 9 } }), next);
      t.ok(next.bytes.equals(expected(0, 9)));
    }
  });

  await t.test('a slow verdict holds the body back; a refusal gets none of it', async (t) => {
    const { client, url } = await setUp(t, subject);
    for (const verdict of ['read', 'refuse'] as const) {
      const decision = deferred<HeadVerdict>();
      const asked = deferred<undefined>();
      const sink = new CollectingSink({
        verdict: () => {
          asked.resolve(undefined);
          return decision.promise;
        },
      });
      const fetching = client.fetch(originRequest(url, { range: { start: 0, end: 5000 } }), sink);
      await asked.promise;
      await new Promise((resolve) => setImmediate(resolve));
      t.equal(sink.total, 0);
      decision.resolve(verdict);
      const outcome = await fetching;
      if (verdict === 'read') t.ok(sink.bytes.equals(expected(0, 5000)));
      else t.strictSame(outcome, { kind: 'refused' });
      t.equal(sink.total, verdict === 'read' ? 5000 : 0);
    }
    const after = new CollectingSink();
    await client.fetch(originRequest(url, { range: { start: 9, end: 99 } }), after);
    t.ok(after.bytes.equals(expected(9, 99)), 'the lane is usable after a refusal');
  });
}

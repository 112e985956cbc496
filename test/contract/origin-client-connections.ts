/** OriginClient suite: requests, lanes and their connections, aborts, addresses, TLS. */
import type { Test } from 'tap';
import { deferred } from '#src/model/deferred.js';
import type { HeadVerdict } from '#src/model/fetch.js';
import { systemClock } from '#src/model/time.js';
import { CollectingSink, originRequest } from '../fixtures/origin-sink.js';
import { createGate, startOrigin } from '../fixtures/scripted-origin.js';
import {
  OBJECT_BYTES,
  expected,
  failure,
  setUp,
  type ClientUnderTest,
} from './origin-client-subject.js';

export async function originConnections(t: Test, subject: ClientUnderTest): Promise<void> {
  await t.test('the request has the expected line and fields', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    const target = {
      ...originRequest(url).target,
      url: `${url}?sig=a%2Fb#not-sent`,
      headers: {
        authorization: 'Bearer x',
        host: 'evil.example',
        range: 'bytes=0-0',
        'accept-encoding': 'gzip',
        'content-length': '5',
      },
    };
    const conditions = { 'if-range': '"scripted-1"' };
    const range = { start: 10, end: 20 };
    await client.fetch(originRequest(url, { target, conditions, range }), new CollectingSink());
    const [seen] = origin.requests;
    t.equal(seen?.method, 'GET');
    t.equal(seen?.path, '/o?sig=a%2Fb');
    t.match(seen?.headers, {
      host: `127.0.0.1:${String(origin.port)}`,
      authorization: 'Bearer x',
      'accept-encoding': 'identity',
      'if-range': '"scripted-1"',
      range: 'bytes=10-19',
      connection: 'keep-alive',
      via: '1.1 forebay',
      'user-agent': /^forebay\/\d/,
    });
    t.equal(seen?.headers['content-length'], undefined);
  });

  await t.test('a lane reuses one connection', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    for (let i = 0; i < 4; i++) {
      const range = { start: i * 1000, end: (i + 1) * 1000 };
      await client.fetch(originRequest(url, { range }), new CollectingSink());
    }
    t.equal(origin.connections, 1);
    const fetches = [0, 1, 2].map((lane) =>
      client.fetch(originRequest(url, { lane }), new CollectingSink()),
    );
    await Promise.all(fetches);
    t.equal(origin.connections, 3, 'lanes do not share');
    t.equal(origin.maxOpenConnections, 3);
    await client.close();
    await origin.waitFor(({ openConnections }) => openConnections === 0);
    await client.fetch(originRequest(url), new CollectingSink());
    t.equal(origin.connections, 4);
  });

  await t.test('a lane that moves to another origin closes its connection first', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    const other = await startOrigin({ objects: { '/o': { bytes: Buffer.from('other') } } });
    t.teardown(() => other.close());
    await client.fetch(originRequest(url), new CollectingSink());
    await client.fetch(originRequest(`${other.url}/o`), new CollectingSink());
    await origin.waitFor(({ openConnections }) => openConnections === 0);
    t.equal(other.openConnections, 1);
  });

  await t.test('a kept connection that went stale is replaced without an error', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    await client.fetch(originRequest(url), new CollectingSink());
    // The origin drops the connection as it reads the request.
    origin.next({ kind: 'reset', afterBytes: -1 });
    const sink = new CollectingSink();
    await client.fetch(originRequest(url, { range: { start: 0, end: 50 } }), sink);
    t.ok(sink.bytes.equals(expected(0, 50)));
    t.equal(origin.connections, 2);

    // Twice in a row is no stale connection but a fault.
    origin.next({ kind: 'reset', afterBytes: -1 }, 2);
    const error = await failure(client.fetch(originRequest(url), new CollectingSink()));
    t.equal(error.code, 'origin-reset');
  });

  await t.test('a connection closed after its response is not reused', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    origin.next({ kind: 'close-after' });
    origin.next({ kind: 'fields', fields: { Connection: 'close' } });
    for (let i = 0; i < 3; i++) {
      const sink = new CollectingSink();
      await client.fetch(originRequest(url), sink);
      t.ok(sink.bytes.equals(expected()));
    }
    t.equal(origin.connections, 3);
  });

  await t.test('a second concurrent fetch on one lane is refused', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    const gate = createGate();
    origin.next({ kind: 'gate', at: 100, gate });
    const sink = new CollectingSink();
    const first = client.fetch(originRequest(url), sink);
    await gate.reached;
    const error = await failure(client.fetch(originRequest(url), new CollectingSink()));
    t.equal(error.code, 'internal');
    gate.open();
    await first;
    t.ok(sink.bytes.equals(expected()), 'the first is not disturbed');
  });

  await t.test('an abort closes the connection', async (t) => {
    await t.test('an abort before the start opens no connection', async (t) => {
      const { origin, client, url } = await setUp(t, subject);
      const request = originRequest(url, { signal: AbortSignal.abort() });
      const error = await failure(client.fetch(request, new CollectingSink()));
      t.equal(error.code, 'cancelled');
      t.equal(origin.connections, 0);
    });

    await t.test('an abort before the head rejects with cancelled', async (t) => {
      const { origin, client, url } = await setUp(t, subject);
      origin.script({ actions: [{ kind: 'hang', afterBytes: -1 }] });
      const abort = new AbortController();
      const request = originRequest(url, { signal: abort.signal });
      const fetching = failure(client.fetch(request, new CollectingSink()));
      await origin.waitFor(({ requests }) => requests.length === 1);
      abort.abort();
      t.equal((await fetching).code, 'cancelled');
      await origin.waitFor(({ openConnections }) => openConnections === 0);
    });

    await t.test('an abort during the verdict rejects with cancelled', async (t) => {
      const { origin, client, url } = await setUp(t, subject);
      const abort = new AbortController();
      const decision = deferred<HeadVerdict>();
      const sink = new CollectingSink({
        verdict: () => {
          abort.abort();
          return decision.promise;
        },
      });
      const request = originRequest(url, { signal: abort.signal });
      t.equal((await failure(client.fetch(request, sink))).code, 'cancelled');
      decision.resolve('read');
      await origin.waitFor(({ openConnections }) => openConnections === 0);
      t.equal(sink.total, 0, 'a late verdict changes nothing');
    });

    await t.test('an abort in the body rejects with cancelled', async (t) => {
      const { origin, client, url } = await setUp(t, subject);
      origin.next({ kind: 'hang', afterBytes: 1000 });
      const abort = new AbortController();
      const sink = new CollectingSink();
      const request = originRequest(url, { signal: abort.signal });
      const fetching = failure(client.fetch(request, sink));
      await sink.reached(1000);
      abort.abort();
      const error = await fetching;
      t.equal(error.code, 'cancelled');
      t.equal(error.retryable, false);
      await origin.waitFor(({ openConnections }) => openConnections === 0);
      const next = new CollectingSink();
      await client.fetch(originRequest(url), next);
      t.ok(next.bytes.equals(expected()), 'the lane is free again');
    });
  });

  await t.test('private addresses are refused where only public ones may be', async (t) => {
    const { origin, client } = await setUp(t, subject);
    const port = String(origin.port);
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '2130706433']) {
      const url = `http://${host}:${port}/o`;
      const target = { ...originRequest(url).target, addresses: 'public' as const };
      const fetching = client.fetch(originRequest(url, { target }), new CollectingSink());
      const error = await failure(fetching);
      t.equal(error.code, 'origin-address-refused', host);
      t.equal(error.retryable, false);
    }
    t.equal(origin.connections, 0);
  });

  await t.test('a connection made under "any" is not used under "public"', async (t) => {
    const { client, url } = await setUp(t, subject);
    await client.fetch(originRequest(url), new CollectingSink());
    const target = { ...originRequest(url).target, addresses: 'public' as const };
    const fetching = client.fetch(originRequest(url, { target }), new CollectingSink());
    t.equal((await failure(fetching)).code, 'origin-address-refused');
  });

  await t.test('a fetch over https arrives exactly', async (t) => {
    const { origin, client, url } = await setUp(t, subject, { tls: true });
    const sink = new CollectingSink({
      spaceBytes: 10_000,
      onFilled: () => new Promise((resolve) => setImmediate(resolve)),
    });
    const outcome = await client.fetch(originRequest(url), sink);
    t.strictSame(outcome, { kind: 'complete', bodyBytes: OBJECT_BYTES });
    t.ok(sink.bytes.equals(expected()), 'pausing works over TLS too');
    t.equal(sink.calledWhilePending, 0);
    const named = url.replace('127.0.0.1', 'localhost');
    const again = new CollectingSink();
    await client.fetch(originRequest(named, { lane: 1 }), again);
    t.ok(again.bytes.equals(expected()));
    origin.next({ kind: 'short', afterBytes: 500 });
    const error = await failure(client.fetch(originRequest(url), new CollectingSink()));
    t.equal(error.code, 'origin-reset');
  });

  await t.test('a certificate of an unknown authority is refused', async (t) => {
    const { origin, url } = await setUp(t, subject, { tls: true });
    const trusting = subject.create({ clock: systemClock });
    t.teardown(() => trusting.close());
    const error = await failure(trusting.fetch(originRequest(url), new CollectingSink()));
    t.equal(error.code, 'origin-tls');
    t.equal(error.retryable, false);
    t.equal(origin.requests.length, 0);
  });
}

/** OriginClient suite: every wait has its bound, on the injected clock. */
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import type { Test } from 'tap';
import { deferred } from '#src/model/deferred.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import { CollectingSink, originRequest, TEST_LIMITS } from '../fixtures/origin-sink.js';
import { createGate } from '../fixtures/scripted-origin.js';
import {
  OBJECT_BYTES,
  expected,
  failure,
  setUp,
  type ClientUnderTest,
} from './origin-client-subject.js';

export async function originTimers(t: Test, subject: ClientUnderTest): Promise<void> {
  await t.test('a TLS handshake that never ends fails at the connect timeout', async (t) => {
    const clock = new ManualClock();
    const { client } = await setUp(t, subject, { clock });
    const sockets: net.Socket[] = [];
    const mute = net.createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    t.teardown(() => {
      for (const socket of sockets) socket.destroy();
      mute.close();
    });
    await once(mute, 'listening');
    const url = `https://127.0.0.1:${String((mute.address() as AddressInfo).port)}/o`;
    const connected = once(mute, 'connection');
    const fetching = failure(client.fetch(originRequest(url), new CollectingSink()));
    await connected;
    clock.advance(TEST_LIMITS.connectTimeoutMs);
    const error = await fetching;
    t.equal(error.code, 'origin-timeout');
    t.match(error.message, 'connection');
    t.equal(clock.pendingTimers, 0);
  });

  await t.test('a head that never comes or ends fails at the first-byte timeout', async (t) => {
    for (const actions of [
      [{ kind: 'hang', afterBytes: -1 }],
      [
        { kind: 'interim', status: 103 },
        { kind: 'status', status: 102 },
      ] as const,
    ] as const) {
      const clock = new ManualClock();
      const { origin, client, url } = await setUp(t, subject, { clock });
      origin.script({ actions });
      const fetching = failure(client.fetch(originRequest(url), new CollectingSink()));
      await origin.waitFor(({ requests }) => requests.length === 1);
      clock.advance(TEST_LIMITS.firstByteTimeoutMs);
      const error = await fetching;
      t.equal(error.code, 'origin-timeout');
      t.match(error.message, 'response head');
      t.equal(error.retryable, true);
      await origin.waitFor(({ openConnections }) => openConnections === 0);
      t.equal(clock.pendingTimers, 0);
    }
  });

  await t.test('silence within a body fails at the idle timeout', async (t) => {
    const clock = new ManualClock();
    const { origin, client, url } = await setUp(t, subject, { clock });
    const gate = createGate();
    origin.script({
      actions: [
        { kind: 'gate', at: 40_000, gate },
        { kind: 'hang', afterBytes: 90_000 },
      ],
    });
    const sink = new CollectingSink();
    const fetching = failure(client.fetch(originRequest(url), sink));
    await sink.reached(40_000);
    clock.advance(TEST_LIMITS.idleTimeoutMs - 1);
    gate.open();
    await sink.reached(90_000);
    // The rate bound is near too, but 90 kB in 40 s are enough for it.
    clock.advance(TEST_LIMITS.idleTimeoutMs - 1);
    clock.advance(1);
    const error = await fetching;
    t.equal(error.code, 'origin-timeout');
    t.match(error.message, 'no body bytes');
    t.ok(sink.bytes.equals(expected(0, 90_000)));
    await origin.waitFor(({ openConnections }) => openConnections === 0);
  });

  await t.test('a slow trickle fails at the minimum rate', async (t) => {
    const clock = new ManualClock();
    const { origin, client, url } = await setUp(t, subject, { clock });
    const gates = [createGate(), createGate()];
    origin.script({
      actions: gates.map((gate, index) => ({ kind: 'gate', at: (index + 1) * 100, gate })),
    });
    const sink = new CollectingSink();
    const fetching = failure(client.fetch(originRequest(url), sink));
    for (const [index, gate] of gates.entries()) {
      await sink.reached((index + 1) * 100);
      clock.advance(20_000);
      gate.open();
    }
    const error = await fetching;
    t.equal(error.code, 'origin-timeout');
    t.match(error.message, 'slower than 1000 B/s');
  });

  await t.test('a minimum rate of 0 sets no bound', async (t) => {
    const clock = new ManualClock();
    const { origin, client, url } = await setUp(t, subject, { clock });
    const gate = createGate();
    origin.script({ actions: [{ kind: 'gate', at: 100, gate }] });
    const sink = new CollectingSink();
    const limits = { ...TEST_LIMITS, minRateBytesPerSecond: 0, idleTimeoutMs: 1e9 };
    const fetching = client.fetch(originRequest(url, { limits }), sink);
    await sink.reached(100);
    clock.advance(1e8);
    gate.open();
    t.strictSame(await fetching, { kind: 'complete', bodyBytes: OBJECT_BYTES });
  });

  await t.test('time that the sink takes does not count towards a timeout', async (t) => {
    const clock = new ManualClock();
    const { client, url } = await setUp(t, subject, { clock });
    const held = deferred<undefined>();
    const go = deferred<undefined>();
    let isFirst = true;
    const sink = new CollectingSink({
      onFilled: async () => {
        if (!isFirst) return;
        isFirst = false;
        held.resolve(undefined);
        await go.promise;
      },
    });
    const fetching = client.fetch(originRequest(url), sink);
    await held.promise;
    clock.advance(3_600_000);
    go.resolve(undefined);
    t.strictSame(await fetching, { kind: 'complete', bodyBytes: OBJECT_BYTES });
    t.ok(sink.bytes.equals(expected()));
  });

  await t.test('time that the verdict takes does not count towards a timeout', async (t) => {
    const clock = new ManualClock();
    const { client, url } = await setUp(t, subject, { clock });
    const sink = new CollectingSink({
      verdict: () => {
        clock.advance(3_600_000);
        return Promise.resolve('read');
      },
    });
    await client.fetch(originRequest(url), sink);
    t.ok(sink.bytes.equals(expected()));
  });
}

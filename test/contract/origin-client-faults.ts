/**
 * OriginClient suite: what origins do wrong, and what callers do wrong, ends in the right error.
 */
import fc from 'fast-check';
import type { Test } from 'tap';
import { CollectingSink, originRequest } from '../fixtures/origin-sink.js';
import { createGate } from '../fixtures/scripted-origin.js';
import { expected, failure, setUp, type ClientUnderTest } from './origin-client-subject.js';

const OK_HEAD = 'HTTP/1.1 200 OK\r\n';

/** Answers that are no HTTP, or contradict themselves. */
const BROKEN_ANSWERS: Readonly<Record<string, string>> = {
  'another protocol': 'SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n',
  'a TLS alert': '\x15\x03\x01\x00\x02\x02\x46\r\n\r\n',
  'a length of letters': `${OK_HEAD}Content-Length: 1e3\r\n\r\nabc`,
  'a negative length': `${OK_HEAD}Content-Length: -1\r\n\r\nabc`,
  'two different lengths': `${OK_HEAD}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc`,
  'a length and a coding': `${OK_HEAD}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc`,
  'a space before the colon': `${OK_HEAD}Content-Length : 3\r\n\r\nabc`,
  'an endless head': `${OK_HEAD}X: ${'y'.repeat(70_000)}\r\n\r\n`,
};

export async function originFaults(t: Test, subject: ClientUnderTest): Promise<void> {
  await t.test('after a reset or a short body the bytes before it are right', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    const fault = fc.record({
      kind: fc.constantFrom('reset', 'short'),
      afterBytes: fc.integer({ min: 0, max: 299_999 }),
    });
    await fc.assert(
      fc.asyncProperty(fault, async ({ kind, afterBytes }) => {
        origin.next({ kind, afterBytes });
        const sink = new CollectingSink();
        const error = await failure(client.fetch(originRequest(url), sink));
        t.equal(error.code, 'origin-reset');
        t.equal(error.retryable, true);
        t.ok(sink.total <= afterBytes);
        if (kind === 'short') t.equal(sink.total, afterBytes);
        t.ok(sink.bytes.equals(expected(0, sink.total)));
      }),
      { numRuns: 20 },
    );
  });

  await t.test('a connection closed before the head', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    origin.script({ actions: [{ kind: 'short', afterBytes: -1 }] });
    const error = await failure(client.fetch(originRequest(url), new CollectingSink()));
    t.equal(error.code, 'origin-reset');
    t.equal(origin.requests.length, 1, 'a fresh connection is not tried twice');
  });

  await t.test('extra bytes are never taken for the next response', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    const forged = 'HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\n\r\nevil';
    origin.next({ kind: 'extra', bytes: forged });
    const sink = new CollectingSink();
    const range = { start: 0, end: 100 };
    t.strictSame(await client.fetch(originRequest(url, { range }), sink), {
      kind: 'complete',
      bodyBytes: 100,
    });
    t.ok(sink.bytes.equals(expected(0, 100)));
    const next = new CollectingSink();
    await client.fetch(originRequest(url, { range: { start: 100, end: 200 } }), next);
    t.ok(next.bytes.equals(expected(100, 200)));
    t.equal(origin.connections, 2);
  });

  await t.test('extra bytes on an idle connection close it', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    const gate = createGate();
    const forged = 'HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\n\r\nevil';
    origin.next([
      { kind: 'gate', at: 100, gate },
      { kind: 'extra', bytes: forged },
    ]);
    const range = { start: 0, end: 100 };
    const outcome = await client.fetch(originRequest(url, { range }), new CollectingSink());
    t.strictSame(outcome, { kind: 'complete', bodyBytes: 100 });
    gate.open();
    await origin.waitFor(({ openConnections }) => openConnections === 0);
    const next = new CollectingSink();
    await client.fetch(originRequest(url, { range }), next);
    t.ok(next.bytes.equals(expected(0, 100)));
  });

  for (const [name, bytes] of Object.entries(BROKEN_ANSWERS)) {
    await t.test(`bytes that are no HTTP response fail as origin-protocol: ${name}`, async (t) => {
      const { origin, client, url } = await setUp(t, subject);
      origin.script({ actions: [{ kind: 'garbage', bytes }] });
      const sink = new CollectingSink();
      const error = await failure(client.fetch(originRequest(url), sink));
      t.equal(error.code, 'origin-protocol');
      t.equal(sink.heads.length, 0);
      await origin.waitFor(({ openConnections }) => openConnections === 0);
    });
  }

  await t.test('a field with control characters never reaches the sink', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    for (const text of [
      'X-Evil: a\rSet-Cookie: b=c\r\n',
      'X-Evil: a\0b\r\n',
      'X-Evil: \x1b[2J\r\n',
      'X-Evil: a\x7f\r\n',
    ]) {
      origin.next({ kind: 'raw-field', text });
      const sink = new CollectingSink();
      try {
        await client.fetch(originRequest(url), sink);
      } catch {
        // Refusing the whole response is as good.
      }
      for (const { headers } of sink.heads) {
        t.equal(headers['x-evil'], undefined);
        t.equal(headers['set-cookie'], undefined);
      }
    }
  });

  await t.test('__proto__ is handled like any other field name', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    origin.script({ actions: [{ kind: 'raw-field', text: '__proto__: polluted\r\n' }] });
    const sink = new CollectingSink();
    await client.fetch(originRequest(url), sink);
    t.equal(sink.heads[0]?.headers['__proto__'], 'polluted');
    t.equal(Object.getPrototypeOf(sink.heads[0]?.headers), null);
  });

  await t.test('a refused connection fails as origin-connect, retryable', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    await origin.close();
    const error = await failure(client.fetch(originRequest(url), new CollectingSink()));
    t.equal(error.code, 'origin-connect');
    t.equal(error.retryable, true);
    t.match(error.message, 'ECONNREFUSED');
  });

  await t.test('an error that the sink throws rejects the fetch', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    const boom = new Error('disk on fire');
    const throwing = () => {
      throw boom;
    };
    const sinks: CollectingSink[] = [
      new CollectingSink({ verdict: throwing }),
      new CollectingSink({ verdict: () => Promise.reject(boom) }),
      new CollectingSink({ onFilled: throwing }),
      new CollectingSink({ onFilled: () => Promise.reject(boom) }),
      new CollectingSink({ spaceBytes: 0 }),
    ];
    for (const [index, sink] of sinks.entries()) {
      const wanted = index === 4 ? RangeError : boom;
      await t.rejects(client.fetch(originRequest(url), sink), wanted);
      await origin.waitFor(({ openConnections }) => openConnections === 0);
    }
  });

  await t.test('a request field cannot inject another one', async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    for (const headers of [{ 'x-a': 'b\r\nx-c: d' }, { 'x a': 'b' }]) {
      const target = { ...originRequest(url).target, headers };
      const error = await failure(
        client.fetch(originRequest(url, { target }), new CollectingSink()),
      );
      t.equal(error.code, 'internal');
    }
    t.equal(origin.requests.length, 0);
  });
}

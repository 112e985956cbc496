/**
 * What every `SegmentSender` must do, on real sockets and real files. Called by the test of each
 * implementation; the endings of a client are in segment-sender-clients.ts.
 */
import type { ServerResponse } from 'node:http';
import type { Test } from 'tap';
import { deferred } from '#src/model/deferred.js';
import type { ResponseHead, Segment, SegmentSender, SendEnd } from '#src/model/segment.js';
import type { Clock } from '#src/model/time.js';
import {
  bodyOf,
  getRequest,
  RawClient,
  recognisable,
  serve,
  TestFile,
  TestWatermark,
} from '../fixtures/sending.js';
import { segmentSenderClients } from './segment-sender-clients.js';

/** Makes a sender with the given clock and idle bound, for one test. */
export type MakeSender = (clock: Clock, clientIdleTimeoutMs: number) => SegmentSender;

const MEBIBYTE = 1024 * 1024;

/** The head of a response with a body of `length` bytes. */
export function headOf(length: number, headers: ResponseHead['headers'] = {}): ResponseHead {
  return { status: 200, headers: { 'content-length': String(length), ...headers } };
}

/** Yields segments and notes that the iterator was closed. */
export class Source implements AsyncIterable<Segment> {
  closed = 0;
  readonly #segments: Iterable<Segment | Promise<Segment>>;

  constructor(segments: Iterable<Segment | Promise<Segment>>) {
    this.#segments = segments;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Segment, void, undefined> {
    try {
      for (const segment of this.#segments) yield await segment;
    } finally {
      this.closed += 1;
    }
  }
}

/** Sends one response and tells how it ended. */
async function exchange(
  t: Test,
  send: (response: ServerResponse) => Promise<SendEnd>,
): Promise<{ readonly end: SendEnd; readonly client: RawClient }> {
  let ended: (end: SendEnd) => void;
  const end = new Promise<SendEnd>((resolve) => {
    ended = resolve;
  });
  const port = await serve(t, async (response) => {
    const result = await send(response);
    if (result.reason === 'complete') response.end();
    else response.destroy();
    ended(result);
  });
  const client = new RawClient(t, port).write(getRequest('/', 'Connection: close\r\n'));
  return { client, end: await end };
}

/** The suite. */
export function segmentSenderContract(t: Test, makeSender: MakeSender, clock: Clock): void {
  const make = (): SegmentSender => makeSender(clock, 60_000);

  t.test('sends segments of every kind in order, byte for byte', async (t) => {
    const bytes = recognisable(3 * MEBIBYTE + 17);
    const file = new TestFile(t, bytes);
    const watermark = new TestWatermark();
    watermark.advance(bytes.length, 'complete');
    const source = new Source([
      { kind: 'bytes', bytes: bytes.subarray(0, 5) },
      file.segment(5, 0),
      file.segment(5, 2 * MEBIBYTE),
      { kind: 'bytes', bytes: new Uint8Array() },
      file.segment(5 + 2 * MEBIBYTE, MEBIBYTE, watermark),
      { kind: 'bytes', bytes: bytes.subarray(5 + 3 * MEBIBYTE) },
    ]);
    const sender = make();
    const { client, end } = await exchange(t, (response) =>
      sender.send(response, headOf(bytes.length), source),
    );
    await client.closed();
    t.same(end, { reason: 'complete', bytesSent: bytes.length });
    t.ok(bodyOf(client.bytes).equals(bytes), 'the exact bytes');
    t.equal(file.released, file.made, 'every segment was released');
    t.equal(source.closed, 1);
  });

  t.test('sends chunked bodies whose length is not known', async (t) => {
    const file = new TestFile(t, recognisable(300_000));
    const { client } = await exchange(t, (response) =>
      make().send(response, { status: 200, headers: {} }, new Source([file.segment(0, 300_000)])),
    );
    await client.closed();
    t.match(client.text, /Transfer-Encoding: chunked/);
    t.ok(client.text.endsWith('\r\n0\r\n\r\n'), 'ended as chunked bodies end');
  });

  for (const [name, segments] of [
    ['nothing', []],
    ['empty segments', [{ kind: 'bytes', bytes: new Uint8Array() }]],
  ] as const) {
    t.test(`a complete body of ${name} still gets its head`, async (t) => {
      const { client, end } = await exchange(t, (response) =>
        make().send(response, headOf(0), new Source(segments)),
      );
      await client.closed();
      t.same(end, { reason: 'complete', bytesSent: 0 });
      t.match(client.text, /^HTTP\/1.1 200 OK\r\ncontent-length: 0\r\n/);
    });
  }

  t.test('sends the readable part of a growing file and waits for the rest', async (t) => {
    const bytes = recognisable(200_000);
    const file = new TestFile(t, bytes);
    const watermark = new TestWatermark();
    const over = deferred<undefined>();
    const port = await serve(t, async (response) => {
      const source = new Source([file.segment(1000, 150_000, watermark)]);
      await make().send(response, headOf(150_000), source);
      response.end();
      over.resolve(undefined);
    });
    let waiting = watermark.waited();
    const client = new RawClient(t, port).write(getRequest());
    for (const available of [1001, 1002, 70_000, 70_001, 200_000]) {
      await waiting;
      waiting = watermark.waited();
      watermark.advance(available);
      const released = Math.min(available, 151_000) - 1000;
      await client.until(() => bodyOf(client.bytes).length >= released);
      t.equal(bodyOf(client.bytes).length, released, `${String(available)} released`);
    }
    t.ok(bodyOf(client.bytes).equals(bytes.subarray(1000, 151_000)));
    await over.promise;
    t.equal(file.released, 1);
  });

  t.test('a failing watermark ends with source-failed after its readable bytes', async (t) => {
    const bytes = recognisable(100_000);
    const file = new TestFile(t, bytes);
    const watermark = new TestWatermark();
    const ends: SendEnd[] = [];
    const over = deferred<undefined>();
    const port = await serve(t, async (response) => {
      const sender = make();
      const first = new Source([file.segment(0, 100_000, watermark)]);
      ends.push(await sender.send(response, headOf(100_000), first));
      const at = ends[0]?.bytesSent ?? 0;
      ends.push(await sender.send(response, null, new Source([file.segment(at, 100_000 - at)])));
      response.end();
      over.resolve(undefined);
    });
    const waiting = watermark.waited();
    const client = new RawClient(t, port).write(getRequest());
    await waiting;
    watermark.advance(40_000, 'failed');
    await client.until(() => bodyOf(client.bytes).length >= 100_000);
    await over.promise;
    t.match(ends, [
      { reason: 'source-failed', bytesSent: 40_000 },
      { reason: 'complete', bytesSent: 60_000 },
    ]);
    t.ok(bodyOf(client.bytes).equals(bytes), 'one head, one seamless body');
    t.equal(file.released, 2);
  });

  t.test('a failure before the first byte writes no head', async (t) => {
    const file = new TestFile(t, Buffer.alloc(10));
    const watermark = new TestWatermark();
    watermark.advance(0, 'failed');
    let headersSent = true;
    const { end } = await exchange(t, async (response) => {
      const sent = await make().send(
        response,
        headOf(10),
        new Source([file.segment(0, 10, watermark)]),
      );
      ({ headersSent } = response);
      return sent;
    });
    t.match(end, { reason: 'source-failed', bytesSent: 0 });
    t.equal(headersSent, false);
    t.equal(file.released, 1);
  });

  t.test('a file, growing or not, shorter than promised is source-failed', async (t) => {
    const file = new TestFile(t, recognisable(5000));
    const complete = new TestWatermark();
    complete.advance(5000, 'complete');
    for (const segment of [file.segment(0, 6000), file.segment(0, 6000, complete)]) {
      const source = new Source([segment]);
      const { end } = await exchange(t, (response) => make().send(response, headOf(6000), source));
      t.match(end, { reason: 'source-failed', bytesSent: 5000, cause: { code: 'disk' } });
      t.equal(source.closed, 1, 'closed');
    }
    t.equal(file.released, 2);
  });

  t.test('an unreadable descriptor is source-failed', async (t) => {
    const file = { fd: 1_000_000, retain: () => undefined, release: () => undefined };
    let released = 0;
    const release = (): void => {
      released += 1;
    };
    const source = new Source([{ kind: 'file', file, offset: 0, length: 10, release }]);
    const { end } = await exchange(t, (response) => make().send(response, headOf(10), source));
    t.match(end, { reason: 'source-failed', bytesSent: 0, cause: { code: 'disk' } });
    t.equal(released, 1);
  });

  t.test('a source that throws is source-failed', async (t) => {
    const file = new TestFile(t, recognisable(5000));
    const boom = new Error('boom');
    const failing = function* (): Generator<Segment> {
      yield file.segment(0, 5000);
      throw boom;
    };
    const { end } = await exchange(t, (response) =>
      make().send(response, headOf(6000), new Source(failing())),
    );
    t.match(end, { reason: 'source-failed', bytesSent: 5000 });
    t.equal(end.reason === 'source-failed' && end.cause, boom);
    t.equal(file.released, 1);
  });

  segmentSenderClients(t, makeSender);
}

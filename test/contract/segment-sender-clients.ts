/** The part of the `SegmentSender` contract that is about clients: kept, pipelining, slow, gone. */
import fc from 'fast-check';
import type { Test } from 'tap';
import type { Segment, SegmentSender, SendEnd } from '#src/model/segment.js';
import type { Clock } from '#src/model/time.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import {
  bodyOf,
  getRequest,
  RawClient,
  recognisable,
  serve,
  TestFile,
  TestWatermark,
} from '../fixtures/sending.js';
import { headOf, type MakeSender, Source } from './segment-sender.js';
import { waitUntil } from '../fixtures/wait-until.js';

const MEBIBYTE = 1024 * 1024;

/**
 * What two socket buffers and a sender may hold of a body that nobody reads, with room to spare.
 */
const READ_AHEAD_BOUND_BYTES = 32 * MEBIBYTE;

/** A connection, its response and how the sending ended. */
interface Sending {
  readonly client: RawClient;
  readonly end: Promise<SendEnd>;
}

async function sending(
  t: Test,
  sender: SegmentSender,
  length: number,
  segments: AsyncIterable<Segment>,
): Promise<Sending> {
  let ended: (end: SendEnd) => void = () => undefined;
  const end = new Promise<SendEnd>((resolve) => {
    ended = resolve;
  });
  const port = await serve(t, async (response) => {
    const result = await sender.send(response, headOf(length), segments);
    response.destroy();
    ended(result);
  });
  return { client: new RawClient(t, port).write(getRequest()), end };
}

export function segmentSenderClients(t: Test, makeSender: MakeSender): void {
  const make = (clock: Clock = new ManualClock()): SegmentSender => makeSender(clock, 60_000);

  t.test('a kept connection accepts the next request at once', async (t) => {
    const file = new TestFile(t, recognisable(70_000));
    const sender = make();
    let sent: Promise<SendEnd> | undefined;
    const port = await serve(t, async (response) => {
      sent = sender.send(response, headOf(70_000), new Source([file.segment(0, 70_000)]));
      await sent;
      response.end();
    });
    const client = new RawClient(t, port);
    let wanted = 0;
    for (let i = 0; i < 5; i += 1) {
      const before = client.bytes.length;
      client.write(getRequest());
      await client.until(() => bodyOf(client.bytes.subarray(before)).length >= 70_000);
      wanted = client.bytes.length;
    }
    await sent;
    t.equal(wanted, 5 * (client.bytes.indexOf('\r\n\r\n') + 4 + 70_000));
    t.equal(file.released, 5);
  });

  t.test('pipelined requests are answered in order', async (t) => {
    const file = new TestFile(t, recognisable(100_000));
    const watermark = new TestWatermark();
    const sender = make();
    const port = await serve(t, async (response, request) => {
      const at = Number(request.url?.slice(1));
      const slow = at === 1 ? watermark : undefined;
      const source = new Source([file.segment(at, 90_000, slow)]);
      await sender.send(response, headOf(90_000), source);
      response.end();
    });
    const waiting = watermark.waited();
    const client = new RawClient(t, port);
    client.write([1, 2, 3].map((at) => getRequest(`/${String(at)}`)).join(''));
    await waiting;
    watermark.advance(100_000, 'complete');
    await client.until((length) => length > 270_000 && client.bytes.length >= 3 * 90_000 + 300);
    let rest = client.bytes;
    for (const at of [1, 2, 3]) {
      const body = bodyOf(rest).subarray(0, 90_000);
      t.ok(body.equals(recognisable(90_000, at)), `body ${String(at)}`);
      rest = bodyOf(rest).subarray(90_000);
    }
    t.equal(rest.length, 0);
  });

  t.test('a client that does not read holds a bounded number of bytes', async (t) => {
    const file = new TestFile(t, recognisable(MEBIBYTE));
    const clock = new ManualClock();
    let pulled = 0;
    const endless = function* (): Generator<Segment> {
      for (;;) {
        pulled += 1;
        yield file.segment(0, MEBIBYTE);
      }
    };
    const source = new Source(endless());
    const { client, end } = await sending(t, make(clock), 1e12, source);
    client.socket.pause();
    // The idle timer is set when the sender waits for the client: then nothing more is pulled.
    await stuck(clock, () => pulled);
    t.ok(pulled * MEBIBYTE <= READ_AHEAD_BOUND_BYTES, `pulled ${String(pulled)} MiB`);
    const ended = await afterIdling(clock, end);
    t.match(ended, { reason: 'client-idle' }, 'and is given up after the idle bound');
    t.equal(file.released, file.made);
    t.equal(source.closed, 1);
  });

  t.test('an abort while the client reads nothing is noticed at once', async (t) => {
    const file = new TestFile(t, recognisable(1000));
    const watermark = new TestWatermark();
    const waiting = watermark.waited();
    const source = new Source([file.segment(0, 1000, watermark)]);
    const { client, end } = await sending(t, make(), 1000, source);
    await waiting;
    client.socket.resetAndDestroy();
    t.same(await end, { reason: 'client-closed', bytesSent: 0 });
    t.equal(file.released, 1);
    t.equal(source.closed, 1);
  });

  t.test('an abort while a segment is awaited releases it when it comes', async (t) => {
    const file = new TestFile(t, recognisable(1000));
    let yieldLate: (segment: Segment) => void = () => undefined;
    const late = new Promise<Segment>((resolve) => {
      yieldLate = resolve;
    });
    const source = new Source([file.segment(0, 1000), late]);
    const { client, end } = await sending(t, make(), 2000, source);
    await client.until(() => bodyOf(client.bytes).length === 1000);
    client.socket.resetAndDestroy();
    t.same(await end, { reason: 'client-closed', bytesSent: 1000 });
    yieldLate(file.segment(0, 1000));
    await new Promise((resolve) => setImmediate(resolve));
    t.equal(file.released, 2);
    t.equal(source.closed, 1);
  });

  t.test('an abort at any point releases everything', async (t) => {
    const file = new TestFile(t, recognisable(MEBIBYTE));
    await fc.assert(
      fc.asyncProperty(
        // A client that goes before its first byte came may not even have sent its request.
        fc.integer({ min: 1, max: 24 * MEBIBYTE }),
        fc.boolean(),
        async (at, rst) => {
          const pieces = function* (): Generator<Segment> {
            for (let i = 0; i < 24; i += 1) yield file.segment(0, MEBIBYTE);
          };
          const source = new Source(pieces());
          const { client, end } = await sending(t, make(), 24 * MEBIBYTE, source);
          await client.until((length) => length >= at);
          if (rst) client.socket.resetAndDestroy();
          else client.socket.destroy();
          const { reason, bytesSent } = await end;
          t.ok(reason === 'client-closed' || reason === 'complete', reason);
          t.ok(bytesSent <= 24 * MEBIBYTE);
          t.equal(source.closed, 1);
          t.equal(file.released, file.made);
        },
      ),
      { numRuns: 8 },
    );
  });

  t.test('a connection closed before the send is client-closed with 0 bytes', async (t) => {
    const file = new TestFile(t, recognisable(1000));
    let end: SendEnd | undefined;
    const done = new Promise<void>((resolve) => {
      void serve(t, async (response) => {
        response.destroy();
        end = await make().send(response, headOf(1000), new Source([file.segment(0, 1000)]));
        resolve();
      }).then((port) => new RawClient(t, port).write(getRequest()));
    });
    await done;
    t.match(end, { reason: 'client-closed', bytesSent: 0 });
  });
}

/** Resolves when the sender waits for its client and `progress` no longer changes. */
async function stuck(clock: ManualClock, progress: () => number): Promise<void> {
  let seen = -1;
  let still = 0;
  // Turns of the loop, not time: a sender that could go on does so within a few of them.
  await waitUntil(
    'the progress stands still while the sender waits',
    () => still >= 2000,
    () => {
      still = clock.pendingTimers > 0 && progress() === seen ? still + 1 : 0;
      seen = progress();
    },
  );
}

/**
 * Lets the idle bound pass until the sending has ended: a sender may still be at work elsewhere.
 */
async function afterIdling(clock: ManualClock, end: Promise<SendEnd>): Promise<SendEnd> {
  let hasSettled = false;
  const settle = (): void => {
    hasSettled = true;
  };
  end.then(settle, settle);
  await waitUntil(
    'the sending has ended',
    () => hasSettled,
    () => {
      clock.advance(60_000);
    },
  );
  return end;
}

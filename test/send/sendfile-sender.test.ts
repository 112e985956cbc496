import { Agent, get as request } from 'node:http';
import type { Socket } from 'node:net';
import t, { type Test } from 'tap';
import { Pump } from '#src/compute/pump.js';
import { WatermarkRegistry } from '#src/compute/watermark.js';
import { deferred } from '#src/model/deferred.js';
import type { SendEnd } from '#src/model/segment.js';
import type { Clock } from '#src/model/time.js';
import { SendfileSender, SMALL_BODY_BYTES } from '#src/send/sendfile-sender.js';
import { headOf, segmentSenderContract, Source } from '../contract/segment-sender.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import {
  bodyOf,
  getRequest,
  RawClient,
  recognisable,
  serve,
  TestFile,
} from '../fixtures/sending.js';
import { waitUntil } from '../fixtures/wait-until.js';

const pump = new Pump();
t.teardown(() => {
  pump.close();
});

segmentSenderContract(
  t,
  (clock, clientIdleTimeoutMs) =>
    new SendfileSender({
      pump,
      clock,
      clientIdleTimeoutMs,
      clientMinRateBytesPerSecond: 0,
      sourceIdleTimeoutMs: 60_000,
      smallBodyBytes: 0,
    }),
  new ManualClock(),
);

t.test('no transfer is left, whichever way its send ended', (t) => {
  t.equal(pump.running, 0);
  t.end();
});

const MEBIBYTE = 1024 * 1024;

/** A sender as the program has it, small bodies included. */
function makeSender(clock: Clock = new ManualClock(), minRate = 0): SendfileSender {
  return new SendfileSender({
    pump,
    clock,
    clientIdleTimeoutMs: 60_000,
    clientMinRateBytesPerSecond: minRate,
    sourceIdleTimeoutMs: 30_000,
  });
}

function hubFor(t: Test): WatermarkRegistry {
  const hub = new WatermarkRegistry([pump.wakeFd]);
  t.teardown(() => {
    hub.close();
  });
  return hub;
}

t.test('small, chunked and in-memory bodies are sent through buffers', async (t) => {
  const file = new TestFile(t, recognisable(MEBIBYTE));
  const sender = makeSender();
  const pumped: boolean[] = [];
  const port = await serve(t, async (response, request) => {
    const length = Number(request.url?.slice(1));
    const head = length < 0 ? { status: 200, headers: {} } : headOf(length);
    const sending = sender.send(response, head, new Source([file.segment(0, Math.abs(length))]));
    await waitUntil('the head is sent', () => response.headersSent);
    pumped.push(pump.running === 1);
    await sending;
    response.end();
  });
  const client = new RawClient(t, port);
  for (const length of [SMALL_BODY_BYTES, SMALL_BODY_BYTES + 1, -100_000]) {
    client.write(getRequest(`/${String(length)}`));
    const before = pumped.length;
    await client.until(() => pumped.length > before);
  }
  t.same(pumped, [false, true, false]);
});

t.test('a kept connection answers a thousand small requests, and large ones between', async (t) => {
  const bytes = recognisable(2 * SMALL_BODY_BYTES);
  const file = new TestFile(t, bytes);
  const sender = makeSender();
  const port = await serve(t, async (response, request) => {
    const length = Number(request.url?.slice(1));
    await sender.send(response, headOf(length), new Source([file.segment(0, length)]));
    response.end();
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => {
    agent.destroy();
  });
  let wrong = 0;
  const ports = new Set<number>();
  for (let index = 0; index < 1000; index += 1) {
    const length = index % 10 === 0 ? bytes.length : 1 + ((index * 37) % SMALL_BODY_BYTES);
    const { body, localPort } = await get(port, `/${String(length)}`, agent);
    ports.add(localPort);
    if (!body.equals(bytes.subarray(0, length))) wrong += 1;
  }
  t.equal(wrong, 0);
  t.equal(ports.size, 1, 'one connection');
  t.equal(file.released, 1000);
});

t.test('pipelined requests of both kinds are answered in order', async (t) => {
  const bytes = recognisable(3 * MEBIBYTE);
  const file = new TestFile(t, bytes);
  const sender = makeSender();
  const port = await serve(t, async (response, request) => {
    const length = Number(request.url?.slice(1));
    await sender.send(response, headOf(length), new Source([file.segment(0, length)]));
    response.end();
  });
  const lengths = [3 * MEBIBYTE, 10, 100_000, SMALL_BODY_BYTES, 2 * MEBIBYTE, 1];
  const client = new RawClient(t, port);
  client.write(lengths.map((length) => getRequest(`/${String(length)}`)).join(''));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  await client.until((length) => length > total + 6 * 50 && bodies(client.bytes).length === 6);
  t.same(
    bodies(client.bytes).map((body) => body.length),
    lengths,
  );
  t.ok(bodies(client.bytes).every((body) => body.equals(bytes.subarray(0, body.length))));
});

/** Cuts a stream of responses by their lengths. */
function bodies(stream: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let rest = stream; rest.length > 0;) {
    const length = Number(/content-length: (\d+)/i.exec(rest.toString('latin1', 0, 300))?.[1]);
    const body = bodyOf(rest);
    if (!(body.length >= length)) break;
    found.push(body.subarray(0, length));
    rest = body.subarray(length);
  }
  return found;
}

t.test('a growing file with shared words is followed by the pump', async (t) => {
  const bytes = recognisable(MEBIBYTE);
  const file = new TestFile(t, bytes);
  const watermark = hubFor(t).create();
  const ends: SendEnd[] = [];
  const over = deferred<undefined>();
  const reason = new Error('the fill says why');
  const sender = makeSender();
  const port = await serve(t, async (response) => {
    const growing = file.segment(0, MEBIBYTE, watermark);
    const telling = { ...growing, failure: () => reason };
    ends.push(await sender.send(response, headOf(MEBIBYTE), new Source([telling])));
    const at = ends[0]?.bytesSent ?? 0;
    const rest = new Source([file.segment(at, MEBIBYTE - at)]);
    ends.push(await sender.send(response, null, rest));
    response.end();
    over.resolve(undefined);
  });
  const client = new RawClient(t, port).write(getRequest());
  for (const available of [1, 65_536, 700_000]) {
    watermark.advance(available);
    await client.until(() => bodyOf(client.bytes).length >= available);
    t.equal(bodyOf(client.bytes).length, available);
  }
  watermark.fail();
  await over.promise;
  t.match(ends, [
    { reason: 'source-failed', bytesSent: 700_000, cause: reason },
    { reason: 'complete', bytesSent: MEBIBYTE - 700_000 },
  ]);
  await client.until(() => bodyOf(client.bytes).length >= MEBIBYTE);
  t.ok(bodyOf(client.bytes).equals(bytes));
  t.equal(file.released, 2);
});

t.test('a growing file that stops fails after its bound; the connection stays', async (t) => {
  const file = new TestFile(t, recognisable(MEBIBYTE));
  const watermark = hubFor(t).create();
  watermark.advance(1000);
  const clock = new ManualClock();
  const sender = makeSender(clock);
  const end = deferred<SendEnd>();
  const port = await serve(t, async (response) => {
    const source = new Source([file.segment(0, MEBIBYTE, watermark)]);
    end.resolve(await sender.send(response, headOf(MEBIBYTE), source));
    response.write('more');
  });
  const client = new RawClient(t, port).write(getRequest());
  await client.until(() => bodyOf(client.bytes).length === 1000);
  const ended = await passing(clock, 30_000, end.promise);
  t.match(ended, { reason: 'source-failed', bytesSent: 1000, cause: { code: 'origin-timeout' } });
  await client.has('more');
  t.match(client.text, /more$/);
});

t.test('a client below the minimum rate is given up', async (t) => {
  const file = new TestFile(t, recognisable(16 * MEBIBYTE));
  const clock = new ManualClock();
  const sender = makeSender(clock, 1e9);
  const end = deferred<SendEnd>();
  const port = await serve(t, async (response) => {
    const source = new Source([file.segment(0, 16 * MEBIBYTE)]);
    end.resolve(await sender.send(response, headOf(16 * MEBIBYTE), source));
    response.destroy();
  });
  const client = new RawClient(t, port).write(getRequest());
  await client.until((length) => length > 0);
  client.socket.pause();
  t.match(await passing(clock, 60_000, end.promise), { reason: 'client-idle' });
  t.equal(file.released, 1);
});

t.test('a drain that destroys the socket ends the pumping with it', async (t) => {
  const file = new TestFile(t, recognisable(64 * MEBIBYTE));
  const end = deferred<SendEnd>();
  let near: Socket | undefined;
  const port = await serve(t, async (response) => {
    near = response.req.socket;
    const source = new Source([file.segment(0, 64 * MEBIBYTE)]);
    end.resolve(await makeSender().send(response, headOf(64 * MEBIBYTE), source));
  });
  const client = new RawClient(t, port).write(getRequest());
  await client.until((length) => length > 0);
  client.socket.pause();
  near?.destroy();
  t.match(await end.promise, { reason: 'client-closed' });
  t.equal(pump.running, 0);
  client.socket.resume();
  await client.closed();
  t.ok(client.bytes.length < 64 * MEBIBYTE);
});

/** Lets time pass until the sending has ended: the pump is at work beside it. */
async function passing(clock: ManualClock, ms: number, end: Promise<SendEnd>): Promise<SendEnd> {
  let hasSettled = false;
  const settle = (): void => {
    hasSettled = true;
  };
  end.then(settle, settle);
  await waitUntil(
    'the sending has ended',
    () => hasSettled,
    () => {
      clock.advance(ms);
    },
  );
  return end;
}

function get(
  port: number,
  path: string,
  agent: Agent,
): Promise<{ readonly body: Buffer; readonly localPort: number }> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path, agent }, (response) => {
      const pieces: Buffer[] = [];
      const localPort = response.socket.localPort ?? 0;
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () => {
        resolve({ body: Buffer.concat(pieces), localPort });
      });
    }).on('error', reject);
  });
}

import t from 'tap';
import { deferred } from '#src/model/deferred.js';
import type { SendEnd } from '#src/model/segment.js';
import { BufferSender } from '#src/send/buffer-sender.js';
import { SendfileSender } from '#src/send/sendfile-sender.js';
import { createSending } from '#src/send/sending.js';
import { headOf, Source } from '../contract/segment-sender.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import { getRequest, RawClient, recognisable, serve, TestFile } from '../fixtures/sending.js';

const MEBIBYTE = 1024 * 1024;

function choose(sendfile: boolean, platform: NodeJS.Platform) {
  const bounds = { clientIdleTimeoutMs: 1000, clientMinRateBytesPerSecond: 0 };
  const listen = { ...bounds, sendfile, hitThreads: 0 };
  return createSending({ listen, fill: { requestTimeoutMs: 1000 } }, new ManualClock(), platform);
}

t.test('a reload changes the bounds of later sends', async (t) => {
  const clock = new ManualClock();
  const config = (clientIdleTimeoutMs: number) => ({
    listen: { clientIdleTimeoutMs, clientMinRateBytesPerSecond: 0, sendfile: true, hitThreads: 0 },
    fill: { requestTimeoutMs: 60_000 },
  });
  const sending = createSending(config(60_000), clock, 'linux');
  sending.reconfigure(config(1000));
  const file = new TestFile(t, recognisable(32 * MEBIBYTE));
  const end = deferred<SendEnd>();
  const port = await serve(t, async (response) => {
    const source = new Source([file.segment(0, 32 * MEBIBYTE)]);
    end.resolve(await sending.sender.send(response, headOf(32 * MEBIBYTE), source));
    response.destroy();
  });
  const client = new RawClient(t, port).write(getRequest());
  client.socket.pause();
  let passedMs = 0;
  let ended: SendEnd | null = null;
  // Only time in which the client has taken nothing counts, and the pump is quick to fill its
  // buffers.
  while (ended === null && passedMs < 50_000) {
    clock.advance(1000);
    if (clock.pendingTimers > 0) passedMs += 1000;
    const turn = new Promise<null>((resolve) => setImmediate(resolve, null));
    ended = await Promise.race([end.promise, turn]);
  }
  t.match(ended, { reason: 'client-idle' });
  sending.close();
});

t.test('sendfile is used where it exists and is not disabled', (t) => {
  const chosen = choose(true, 'linux');
  t.ok(chosen.sender instanceof SendfileSender);
  t.equal(chosen.wakeFds.length, 1);
  t.equal(chosen.description, 'bodies are sent by sendfile on 2 threads');
  chosen.close();
  t.end();
});

for (const [sendfile, platform] of [
  [false, 'linux'],
  [true, 'darwin'],
] as const) {
  t.test(`buffers are used with sendfile ${String(sendfile)} on ${platform}`, (t) => {
    const chosen = choose(sendfile, platform);
    t.ok(chosen.sender instanceof BufferSender);
    t.same(chosen.wakeFds, []);
    t.equal(chosen.description, 'bodies are sent through buffers');
    chosen.close();
    t.end();
  });
}

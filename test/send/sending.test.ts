import t from 'tap';
import { BufferSender } from '#src/send/buffer-sender.js';
import { SendfileSender } from '#src/send/sendfile-sender.js';
import { createSending } from '#src/send/sending.js';
import { ManualClock } from '../fixtures/manual-clock.js';

function choose(sendfile: boolean, platform: NodeJS.Platform) {
  const listen = { clientIdleTimeoutMs: 1000, clientMinRateBytesPerSecond: 0, sendfile };
  return createSending({ listen, fill: { requestTimeoutMs: 1000 } }, new ManualClock(), platform);
}

t.test('sendfile where there is one and nobody turned it off', (t) => {
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
  t.test(`buffers: ${String(sendfile)} on ${platform}`, (t) => {
    const chosen = choose(sendfile, platform);
    t.ok(chosen.sender instanceof BufferSender);
    t.same(chosen.wakeFds, []);
    t.equal(chosen.description, 'bodies are sent through buffers');
    chosen.close();
    t.end();
  });
}

import t from 'tap';
import { BufferSender } from '#src/send/buffer-sender.js';
import { segmentSenderContract } from '../contract/segment-sender.js';
import { ManualClock } from '../fixtures/manual-clock.js';

const senders: BufferSender[] = [];

segmentSenderContract(
  t,
  (clock, clientIdleTimeoutMs) => {
    const sender = new BufferSender({ clock, clientIdleTimeoutMs, sourceIdleTimeoutMs: 60_000 });
    senders.push(sender);
    return sender;
  },
  new ManualClock(),
);

t.test('every buffer is returned, whichever way its send ended', (t) => {
  t.ok(senders.length > 0);
  t.same(
    senders.map((sender) => sender.buffersOut),
    senders.map(() => 0),
  );
  t.end();
});

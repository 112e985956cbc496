import t from 'tap';
import { Pump } from '#src/compute/pump.js';
import { SendfileSender } from '#src/send/sendfile-sender.js';
import { segmentSenderContract } from '../contract/segment-sender.js';
import { ManualClock } from '../fixtures/manual-clock.js';

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

t.test('no transfer is left, however its send ended', (t) => {
  t.equal(pump.running, 0);
  t.end();
});

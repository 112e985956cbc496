import t from 'tap';
import { statusOfError, statusOfRefusal } from '#src/http/reply/status.js';

t.test('statusOfError maps each error code to its status', (t) => {
  t.equal(statusOfError('origin-timeout'), 504);
  t.equal(statusOfError('origin-loop'), 508);
  t.equal(statusOfError('origin-dns'), 502);
  t.equal(statusOfError('origin-corrupt'), 502);
  t.equal(statusOfError('origin-denied'), 502);
  for (const code of ['origin-busy', 'no-space', 'overload', 'cancelled'] as const) {
    t.equal(statusOfError(code), 503, code);
  }
  for (const code of ['internal', 'disk', 'stored-corrupt'] as const) {
    t.equal(statusOfError(code), 500, code);
  }
  t.equal(statusOfError('client-idle'), 408);
  t.equal(statusOfError('client-too-large'), 413);
  t.end();
});

t.test('refusals that leave the connection in doubt close it', (t) => {
  t.same(statusOfRefusal('duplicate-host'), { status: 400, close: true });
  t.same(statusOfRefusal('body-not-allowed'), { status: 400, close: true });
  t.same(statusOfRefusal('no-such-mount'), { status: 404, close: false });
  t.same(statusOfRefusal('method-not-allowed'), { status: 405, close: true });
  t.same(statusOfRefusal('too-many-connections'), { status: 503, close: true });
  t.same(statusOfRefusal('ambiguous-framing'), { status: 400, close: true });
  t.same(statusOfRefusal('body-too-large'), { status: 413, close: true });
  t.same(statusOfRefusal('missing-host'), { status: 400, close: true });
  t.same(statusOfRefusal('malformed-host'), { status: 400, close: true });
  t.same(statusOfRefusal('unknown-expectation'), { status: 417, close: true });
  t.same(statusOfRefusal('unsupported-version'), { status: 505, close: true });
  t.end();
});

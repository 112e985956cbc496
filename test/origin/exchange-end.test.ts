import t from 'tap';
import { ForebayError } from '#src/model/errors.js';
import { isStale } from '#src/origin/exchange-end.js';
import { protocolError, resetError, timeoutError } from '#src/origin/transport-error.js';

void t.test('a connection is stale only if lost before the first byte', (t) => {
  const failed = (error: unknown, untouched: boolean) =>
    isStale({ kind: 'failed', error, untouched });
  t.equal(failed(resetError('gone'), true), true);
  t.equal(failed(resetError('gone'), false), false, 'part of an answer had come');
  t.equal(failed(timeoutError('slow'), true), false, 'a hang would hang again');
  t.equal(failed(protocolError('garbage'), true), false);
  t.equal(failed(new Error('disk'), true), false, 'the sink’s own error');
  const tls = new ForebayError('origin-tls', '', { source: 'origin', retryable: false });
  t.equal(failed(tls, true), false);
  t.equal(isStale({ kind: 'outcome', outcome: { kind: 'refused' }, keepConnection: false }), false);
  t.end();
});

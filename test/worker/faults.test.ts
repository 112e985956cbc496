/** Errors of worker code: who did wrong, and whether to try again. */
import t from 'tap';
import { ForebayError } from '#src/model/errors.js';
import { asFault, cancelledFault, internalFault, originFault } from '#src/worker/faults.js';

void t.test('only faults of an origin are retried', (t) => {
  t.match(originFault('origin-reset', 'gone'), {
    code: 'origin-reset',
    source: 'origin',
    retryable: true,
  });
  t.match(internalFault('ours'), { code: 'internal', source: 'internal', retryable: false });
  t.match(cancelledFault(), { code: 'cancelled', source: 'internal', retryable: false });
  t.end();
});

void t.test('any thrown value becomes a ForebayError once', (t) => {
  const own = originFault('origin-timeout', 'slow');
  t.equal(asFault(own), own);
  const bug = new TypeError('undefined is not a function');
  for (const thrown of [bug, 'a string', undefined, null]) {
    const error = asFault(thrown);
    t.ok(error instanceof ForebayError);
    t.match(error, { code: 'internal', retryable: false });
    t.equal(error.cause, thrown);
  }
  t.equal(asFault(bug).message, bug.message);
  t.end();
});

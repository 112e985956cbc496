import t from 'tap';
import { errorFromReport, ForebayError, reportError } from '#src/model/errors.js';

t.test('an error survives structured clone as its report', async (t) => {
  const error = new ForebayError('origin-status', 'the origin answered 503', {
    source: 'origin',
    retryable: true,
    originStatus: 503,
    retryAfterMs: 1500,
    cause: new Error('behind it'),
  });
  const report = structuredClone(reportError(error));
  const again = errorFromReport(report);
  t.type(again, ForebayError);
  for (const key of [
    'code',
    'message',
    'source',
    'retryable',
    'originStatus',
    'retryAfterMs',
  ] as const) {
    t.equal(again[key], error[key], key);
  }
  t.equal((error.cause as Error).message, 'behind it');
  t.same(reportError(again), report);
});

t.test('an error without optional members reports none', async (t) => {
  const error = new ForebayError('no-space', 'full', { source: 'internal', retryable: true });
  t.same(Object.keys(reportError(error)), ['code', 'message', 'source', 'retryable']);
  t.notOk(Object.hasOwn(error, 'cause'));
});

t.test('any thrown value becomes a report', async (t) => {
  t.match(reportError(new TypeError('bug')), {
    code: 'internal',
    message: 'bug',
    retryable: false,
  });
  t.match(reportError('text'), { code: 'internal', message: 'text' });
  t.match(reportError(undefined), { code: 'internal', message: 'undefined' });
});

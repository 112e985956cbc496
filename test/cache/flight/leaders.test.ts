import t from 'tap';
import { Flight } from '#src/cache/flight/flight.js';
import { noLeader, refusedLeader, throwUnlessRetryable } from '#src/cache/flight/leaders.js';
import { ForebayError } from '#src/model/errors.js';

function ended(kind: 'failed' | 'leader-failed', retryable: boolean): Flight {
  const flight = new Flight(0, () => undefined);
  const error = new ForebayError('origin-denied', 'no', { source: 'origin', retryable });
  flight.fail({ kind, error });
  return flight;
}

t.test('throwUnlessRetryable throws when another attempt would fail the same way', (t) => {
  t.throws(
    () => {
      throwUnlessRetryable(ended('leader-failed', false));
    },
    { code: 'origin-denied' },
  );
  throwUnlessRetryable(ended('leader-failed', true));
  throwUnlessRetryable(new Flight(0, () => undefined));
  t.end();
});

t.test('refusedLeader and noLeader make the errors that a reader gets', (t) => {
  t.match(refusedLeader(), { code: 'origin-denied', source: 'origin', retryable: false });
  t.match(noLeader(), { code: 'overload', source: 'internal', retryable: true });
  t.end();
});

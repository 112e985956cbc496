/** Errors of worker code: who did wrong, and whether to try again. */
import { openSync } from 'node:fs';
import t from 'tap';
import { ForebayError } from '#src/model/errors.js';
import {
  asForebayError,
  cancelledFault,
  errnoOf,
  internalFault,
  originFault,
} from '#src/worker/faults.js';

void t.test('only what an origin did is retried', (t) => {
  t.match(originFault('origin-reset', 'gone'), {
    code: 'origin-reset',
    source: 'origin',
    retryable: true,
  });
  t.match(internalFault('ours'), { code: 'internal', source: 'internal', retryable: false });
  t.match(cancelledFault(), { code: 'cancelled', source: 'internal', retryable: false });
  t.end();
});

void t.test('whatever is thrown becomes a ForebayError, once', (t) => {
  const own = originFault('origin-timeout', 'slow');
  t.equal(asForebayError(own), own);
  const bug = new TypeError('undefined is not a function');
  for (const thrown of [bug, 'a string', undefined, null]) {
    const error = asForebayError(thrown);
    t.ok(error instanceof ForebayError);
    t.match(error, { code: 'internal', retryable: false });
    t.equal(error.cause, thrown);
  }
  t.equal(asForebayError(bug).message, bug.message);
  t.end();
});

void t.test('errno of a failed system call', (t) => {
  try {
    openSync(t.testdir({}), 'wx');
    t.fail('a directory was opened as a new file');
  } catch (error) {
    t.equal(errnoOf(error), 'EEXIST');
  }
  for (const other of [new Error('EIO'), 'EIO', { code: 'EIO' }, undefined]) {
    t.equal(errnoOf(other), 'UNKNOWN');
  }
  t.equal(errnoOf(Object.assign(new Error(), { code: 5 })), 'UNKNOWN');
  t.end();
});

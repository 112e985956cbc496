import { openSync } from 'node:fs';
import t from 'tap';
import { errnoOf } from '#src/model/errno.js';

t.test('the errno name of a failed system call, UNKNOWN for anything else', async (t) => {
  t.equal(errnoOf(Object.assign(new Error('full'), { code: 'ENOSPC' })), 'ENOSPC');
  t.equal(errnoOf({ code: 'EIO' }), 'EIO');
  for (const thrown of [new Error('x'), { code: 'ERR_INVALID_ARG' }, { code: 5 }, null, 'ENOSPC']) {
    t.equal(errnoOf(thrown), 'UNKNOWN');
  }
});

t.test('a failed system call has an errno, other errors none', async (t) => {
  try {
    openSync(t.testdir({}), 'wx');
    t.fail('a directory was opened as a new file');
  } catch (error) {
    t.equal(errnoOf(error), 'EEXIST');
  }
});

import t from 'tap';
import { errnoOf } from '#src/model/errno.js';
import { isDeviceFailure, isMissing, isOutOfDescriptors } from '#src/store/directory/errno.js';

const failure = (code: string) => Object.assign(new Error(code), { code });

t.test('the errno of any thrown value is read', (t) => {
  t.equal(errnoOf(failure('ENOSPC')), 'ENOSPC');
  for (const odd of [undefined, null, 'ENOSPC', 5, {}, { code: 5 }, new Error('x')]) {
    t.equal(errnoOf(odd), 'UNKNOWN');
  }
  t.end();
});

t.test('failures of the device differ from failures of configuration', (t) => {
  for (const code of ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS']) t.ok(isDeviceFailure(failure(code)));
  for (const code of ['EACCES', 'EPERM', 'ENOTDIR', 'ENOENT', 'EMFILE']) {
    t.notOk(isDeviceFailure(failure(code)));
  }
  t.ok(isMissing(failure('ENOENT')));
  t.notOk(isMissing(failure('EIO')));
  t.ok(isOutOfDescriptors(failure('EMFILE')) && isOutOfDescriptors(failure('ENFILE')));
  t.notOk(isOutOfDescriptors(failure('ENOENT')));
  t.end();
});

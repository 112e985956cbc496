import t from 'tap';
import { StartupError, unusable } from '#src/store/directory/startup-error.js';

t.test('StartupError has the path, and the errno of its cause if there is one', (t) => {
  const cause = Object.assign(new Error('denied'), { code: 'EACCES' });
  const error = new StartupError('cache-directory', '/cache', 'no', cause);
  t.match(error, {
    code: 'cache-directory',
    path: '/cache',
    errno: 'EACCES',
    cause,
    name: 'StartupError',
  });
  t.equal(new StartupError('cache-locked', '/cache', 'no').errno, undefined);
  t.end();
});

t.test('each system error has advice', async (t) => {
  t.match(
    unusable('/a/b', 'ENOTDIR'),
    /^the cache directory cannot be used: \/a\/b: ENOTDIR: .*file/,
  );
  t.match(unusable('/a', 'EEXIST'), /--cache-dir/);
  t.match(unusable('/a', 'ENOENT'), /missing.*create it/);
  t.match(unusable('/a', 'EACCES'), /chown/);
  t.match(unusable('/a', 'ELOOP'), /symbolic link/);
  t.match(unusable('/a', 'ENAMETOOLONG'), /shorter/);
  t.match(unusable('/a', 'EBUSY'), /EBUSY: check/);
});

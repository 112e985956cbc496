import t from 'tap';
import { StartupError } from '#src/store/startup-error.js';

t.test('carries the path, and the errno of its cause where there is one', (t) => {
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

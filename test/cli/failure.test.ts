import { createServer } from 'node:http';
import t from 'tap';
import { ApiError, NotAnsweringError, UnprovenError } from '#src/cli/admin-client.js';
import { classifyFailure } from '#src/cli/failure.js';
import { AddonError } from '#src/compute/addon-error.js';
import { ConfigError } from '#src/config/problem.js';
import { listenOn } from '#src/http/exchange/listen.js';
import { StartupError } from '#src/store/directory/startup-error.js';

t.test('a wrong configuration prints every problem and no stack', async (t) => {
  const source = { kind: 'flag', flag: '--x' } as const;
  const problem = { source, key: 'a.b', found: '1', expected: '2', nearest: null };
  const { exitCode, message } = classifyFailure(new ConfigError([problem, problem]));
  t.equal(exitCode, 78);
  t.same(message.split('\n'), [
    'forebay: the configuration cannot be used',
    '  --x: a.b: found 1, expected 2',
    '  --x: a.b: found 1, expected 2',
  ]);
});

t.test('an unusable cache directory has its own exit code and message', async (t) => {
  const locked = new StartupError('cache-locked', '/c', '/c is in use by process 12');
  t.same(classifyFailure(locked), { exitCode: 75, message: 'forebay: /c is in use by process 12' });
  for (const code of ['cache-format', 'cache-chunk-size', 'cache-directory'] as const) {
    t.equal(classifyFailure(new StartupError(code, '/c', 'no')).exitCode, 78, code);
  }
});

t.test('a missing addon has its own exit code and message', async (t) => {
  const { exitCode, message } = classifyFailure(new AddonError('/a.node', new Error('none')));
  t.equal(exitCode, 78);
  t.match(message, /^forebay: cannot load the native addon \/a\.node: none\nBuild it: /);
});

t.test('a busy port has its own exit code and message', async (t) => {
  const first = createServer();
  const { port } = await listenOn(first, { host: '127.0.0.1', port: 0 });
  t.teardown(() => first.close());
  const error: unknown = await listenOn(createServer(), { host: '127.0.0.1', port }).catch(
    (reason: unknown) => reason,
  );
  const { exitCode, message } = classifyFailure(error);
  t.equal(exitCode, 69);
  t.match(message, `forebay: cannot listen on 127.0.0.1:${String(port)}: `);
  t.notMatch(message, /\n/, 'no trace');
});

t.test('an admin API that does not answer, or refuses, has its own exit code', async (t) => {
  const silent = new NotAnsweringError({ host: '::1', port: 5 }, 'ECONNREFUSED');
  t.same(classifyFailure(silent), {
    exitCode: 69,
    message: 'forebay: the admin API at http://[::1]:5 does not answer: ECONNREFUSED',
  });
  const unproven = new UnprovenError({ host: '::1', port: 5 }, 'no proof');
  t.match(classifyFailure(unproven), {
    exitCode: 77,
    message: /not proven .*no token was sent to it\n {2}Run/,
  });
  const refused = (status: number) => classifyFailure(new ApiError(status, 'some-code', 'No.'));
  t.match(refused(401), { exitCode: 77, message: /^forebay: No\. \(some-code\)\n {2}Run this as/ });
  t.equal(refused(403).exitCode, 77);
  t.equal(refused(400).exitCode, 66);
  t.equal(refused(409).exitCode, 75);
  t.equal(refused(503).exitCode, 75);
  t.equal(refused(500).exitCode, 70);
});

t.test('any other error is internal and is printed with its stack', async (t) => {
  for (const error of [new TypeError('oops'), 'oops', undefined, null]) {
    t.match(classifyFailure(error), { exitCode: 70, message: /^forebay: an internal error\n {2}/ });
  }
});

import t from 'tap';
import { runCommand } from '../../fixtures/command-line.js';

t.test('serve: flags reach the application, and its failure the exit code', async (t) => {
  const seen: unknown[] = [];
  const args = ['serve', '--cache-dir', t.testdir(), '--capacity=1GiB', '--listen', '127.0.0.1:1'];
  const { exitCode } = await runCommand(args, {
    assemble: ({ cache, listen }) => {
      seen.push(cache.capacityBytes, listen.address.port);
      return Promise.reject(new Error('enough'));
    },
  });
  t.same(seen, [2 ** 30, 1]);
  t.equal(exitCode, 70);
});

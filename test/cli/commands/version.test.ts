import t from 'tap';
import { readVersion } from '#src/cli/version.js';
import { runCommand } from '../../fixtures/command-line.js';

t.test('version prints the version as text and as JSON', async (t) => {
  t.equal((await runCommand(['version'])).stdout, `${readVersion()}\n`);
  t.same(JSON.parse((await runCommand(['version', '--json'])).stdout), {
    version: readVersion(),
    node: process.versions.node,
  });
});

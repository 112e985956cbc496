import { join } from 'node:path';
import t from 'tap';
import { runCommand } from '../../fixtures/command-line.js';
import { startOrigin } from '../../fixtures/scripted-origin.js';

interface Report {
  readonly ok: boolean;
  readonly checks: readonly { readonly check: string; readonly status: string }[];
}

t.test('doctor examines the machine, and a failed check sets the exit code', async (t) => {
  const origin = await startOrigin();
  t.teardown(() => origin.close());
  const args = ['doctor', '--cache-dir', join(t.testdir(), 'cache'), '--origin'];
  const rest = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--capacity', '128MiB'];

  const good = await runCommand([...args, origin.url, ...rest, '--json']);
  const { ok, checks } = JSON.parse(good.stdout) as Report;
  t.equal(good.exitCode, ok ? 0 : 1);
  const names = checks.map(({ check }) => check);
  for (const name of ['node', 'blake3', 'memory', 'lock', 'listen', 'file system', 'write speed']) {
    t.ok(names.includes(name), name);
  }

  const bad = await runCommand([...args, 'http://nowhere.invalid', ...rest]);
  t.equal(bad.exitCode, 1);
  t.match(bad.stdout, /^fail {2}origin nowhere\.invalid +name lookup failed: \w+\n +-> Check/m);
  t.match(bad.stdout, /^ok +blake3 +uses /m);
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { configDocument } from '#src/config/docs.js';
import { runCommand } from '../../fixtures/command-line.js';

t.test('config doc prints docs/CONFIG.md', async (t) => {
  t.same(await runCommand(['config', 'doc']), {
    exitCode: 0,
    stdout: configDocument(),
    stderr: '',
  });
});

t.test('config show prints YAML that can be loaded again', async (t) => {
  const env = { FOREBAY_FILL_THREADS: '3' };
  const args = ['config', 'show', '--capacity', '10GiB', '--log-level', 'warn'];
  const { exitCode, stdout } = await runCommand(args, { env });
  t.equal(exitCode, 0);
  const shown = parse(stdout) as Record<string, unknown>;
  t.match(shown, { cache: { capacity: '10GiB' }, fill: { threads: 3 }, log: { level: 'warn' } });
  t.notMatch(stdout, /#/, 'no comments unless asked for');
  const file = join(t.testdir(), 'f.yaml');
  writeFileSync(file, stdout);
  t.equal((await runCommand(['config', 'show', '--config', file])).stdout, stdout);
  t.same(JSON.parse((await runCommand([...args, '--json'], { env })).stdout), shown);
});

t.test('config show --show-origin says where each value comes from', async (t) => {
  const file = join(t.testdir(), 'f.yaml');
  writeFileSync(
    file,
    'fill:\n  threads: 3\norigins:\n  - url: http://a\n    headers: {x-key: hush}\n',
  );
  const env = { FOREBAY_CACHE_DIRECTORY: '/c' };
  const args = ['config', 'show', '--show-origin', '--config', file, '--capacity', '10GiB'];
  const { stdout } = await runCommand(args, { env });
  t.match(stdout, `  threads: 3 # ${file}:2:3\n`);
  t.match(stdout, '  directory: /c # FOREBAY_CACHE_DIRECTORY\n');
  t.match(stdout, '  capacity: 10GiB # --capacity\n');
  t.match(stdout, '  chunkSize: 8MiB # default\n');
  t.match(stdout, `    headers: { x-key: "[redacted]" } # ${file}:5:5\n`);
  t.notMatch(stdout, 'hush');
  const { stdout: json } = await runCommand([...args, '--json'], { env });
  const settings = JSON.parse(json) as Record<string, unknown>[];
  t.match(
    settings.find(({ key }) => key === 'fill.threads'),
    { value: 3, source: { kind: 'file', file, line: 2, column: 3 } },
  );
});

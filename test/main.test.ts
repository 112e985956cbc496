import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

function run(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });
  return { status, stdout, stderr };
}

t.test('the program runs commands and returns their exit codes', async (t) => {
  t.match(run('version'), { status: 0, stdout: /^\d+\.\d+\.\d+\n$/, stderr: '' });
  t.match(run('nonsense'), { status: 64, stdout: '', stderr: /unknown command/ });
  t.match(run('serve', '--config', '/nonexistent/forebay.yaml'), {
    status: 78,
    stdout: '',
    stderr: /--config: found "\/nonexistent\/forebay\.yaml" \(ENOENT/,
  });
});

t.test('a closed pipe on stdout is no failure', async (t) => {
  const child = spawn(process.execPath, [MAIN, 'config', 'doc'], {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  t.same(await once(child, 'close'), [0, null]);
  t.equal(stderr, '');
});

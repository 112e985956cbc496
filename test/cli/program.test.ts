import t from 'tap';
import { runProgram } from '#src/cli/program.js';
import type { Assemble } from '#src/cli/serve.js';
import { configDocument } from '#src/config/docs.js';
import { StartupError } from '#src/store/directory/startup-error.js';
import { RecordingTerminal } from '../fixtures/recording-terminal.js';

async function run(args: readonly string[], assemble?: Assemble, env = {}) {
  const terminal = new RecordingTerminal(env);
  const exitCode = await runProgram(args, terminal, () =>
    assemble === undefined
      ? Promise.reject(new Error('not to be loaded'))
      : Promise.resolve(assemble),
  );
  return { exitCode, stdout: terminal.stdout, stderr: terminal.stderr };
}

t.test('commands that only print exit with 0', async (t) => {
  t.match(await run(['version']), { exitCode: 0, stdout: /^\d+\.\d+\.\d+\n$/, stderr: '' });
  t.match(await run(['--version']), { exitCode: 0, stdout: /^\d+\.\d+\.\d+\n$/ });
  t.match(await run(['config', 'doc']), { exitCode: 0, stdout: configDocument(), stderr: '' });
  t.match(await run(['--help']), { exitCode: 0, stdout: /serve/ });
  const { stdout } = await run(['serve', '--help']);
  for (const flag of [
    '--config',
    '--origin',
    '--listen',
    '--admin',
    '--cache-dir',
    '--capacity',
    '--log-level',
  ]) {
    t.match(stdout, new RegExp(`^ +${flag} <`, 'm'), flag);
  }
});

t.test('invalid command lines exit with 64', async (t) => {
  for (const args of [
    ['serve', '--bogus'],
    ['serve', '--capacity'],
    ['serve', 'extra'],
    ['srve'],
    ['config'],
    ['config', 'nothing'],
    ['--json'],
    ['validate', '--progress', 'loud'],
    ['completion', 'csh'],
  ]) {
    const { exitCode, stdout, stderr } = await run(args);
    t.equal(exitCode, 64, args.join(' '));
    t.equal(stdout, '');
    t.not(stderr, '');
  }
});

t.test('a switch needs no value', async (t) => {
  const seen: unknown[] = [];
  const assemble: Assemble = (config) => {
    seen.push(config.origins[0]?.passMethods);
    throw new StartupError('cache-locked', '/c', 'locked');
  };
  const args = ['serve', '--origin', 'http://c', '--cache-dir', t.testdir(), '--capacity=1GiB'];
  await run([...args, '--pass-methods'], assemble);
  await run([...args, '--pass-methods=false'], assemble);
  await run(args, assemble);
  t.same(seen, [true, false, false]);
  t.match((await run(['serve', '--help'])).stdout, /^ +--pass-methods \[boolean\]/m);
});

t.test('without arguments the program prints its help', async (t) => {
  const { exitCode, stdout, stderr } = await run([]);
  t.equal(exitCode, 0);
  t.equal(stderr, '');
  for (const command of ['serve', 'validate', 'config', 'doctor', 'completion', 'version']) {
    t.match(stdout, new RegExp(`^ {2}${command} `, 'm'), command);
  }
  t.match(stdout, /^ {2}78 +The configuration, the cache/m, 'and the exit codes');
});

t.test('the nearest command is suggested', async (t) => {
  t.match(
    (await run(['valdate'])).stderr,
    /unknown command 'valdate'\n\(Did you mean validate\?\)/,
  );
  t.match((await run(['config', 'shw'])).stderr, /Did you mean show/);
  t.match((await run(['validate', '--capcity', '1'])).stderr, /Did you mean --capacity/);
});

t.test('common flags stand before or after the command', async (t) => {
  for (const args of [
    ['--json', 'version'],
    ['version', '--json'],
  ]) {
    const { exitCode, stdout } = await run(args);
    t.equal(exitCode, 0);
    t.match(JSON.parse(stdout), { version: /^\d/, node: process.versions.node });
  }
});

t.test('a wrong flag value is a configuration error', async (t) => {
  const { exitCode, stderr } = await run(['serve', '--capacity', 'much', '--listen', 'x']);
  t.equal(exitCode, 78);
  t.match(stderr, /^ {2}--capacity: cache\.capacity: found "much"/m);
  t.match(stderr, /^ {2}--listen: listen\.address: found "x"/m);
});

t.test('a --no flag turns a setting off, and leaves it alone when absent', async (t) => {
  const seen: boolean[] = [];
  const directory = t.testdir();
  const assemble: Assemble = (config) => {
    seen.push(config.listen.sendfile);
    throw new StartupError('cache-locked', directory, 'process 12 holds the cache');
  };
  await run(['serve', '--cache-dir', directory], assemble);
  await run(['serve', '--cache-dir', directory, '--no-sendfile'], assemble);
  await run(['serve', '--cache-dir', directory], assemble, { FOREBAY_LISTEN_SENDFILE: 'false' });
  t.same(seen, [true, false, false]);
  t.match((await run(['serve', '--help'])).stdout, /^ +--no-sendfile +Sets listen\.sendfile/m);
});

t.test('flags reach the program, and its failure becomes an exit code', async (t) => {
  const seen: unknown[] = [];
  const directory = t.testdir();
  const assemble: Assemble = (config) => {
    seen.push(config.cache.directory, config.cache.capacityBytes, config.log.level);
    throw new StartupError('cache-locked', directory, 'process 12 holds the cache');
  };
  const args = ['serve', '--cache-dir', directory, '--capacity=1GiB', '--log-level', 'warn'];
  const { exitCode, stderr } = await run(args, assemble);
  t.same(seen, [directory, 2 ** 30, 'warn']);
  t.equal(exitCode, 75);
  t.equal(stderr, 'forebay: process 12 holds the cache\n');
});

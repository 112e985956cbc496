import t from 'tap';
import type { Application } from '#src/assemble.js';
import { serve } from '#src/cli/serve.js';
import { ConfigError } from '#src/config/problem.js';
import type { ResolvedConfig } from '#src/config/schema.js';
import { RecordingTerminal } from '../fixtures/recording-terminal.js';

type BoundAddresses = Awaited<ReturnType<Application['start']>>;

const BOUND: BoundAddresses = {
  listenAddress: { host: '127.0.0.1', port: 1234 },
  adminAddress: { host: '::1', port: 1235 },
};

/** Serves an application made of `parts`; tells what it was assembled from and what happened. */
function run(
  directory: string,
  parts: Partial<Application> = {},
  flags: Record<string, string> = {},
) {
  const terminal = new RecordingTerminal({ FOREBAY_CACHE_DIRECTORY: directory });
  const events: string[] = [];
  let config: ResolvedConfig | undefined;
  const application: Application = {
    start: () => {
      events.push('start');
      return Promise.resolve(BOUND);
    },
    stop: () => {
      events.push('stop');
      return Promise.resolve();
    },
    reload: () => ({ kind: 'applied', needsRestart: [] }),
    describe: () => [],
    ...parts,
  };
  const ended = serve({
    flags,
    version: '1.2.3',
    terminal,
    loadAssemble: () =>
      Promise.resolve((given: ResolvedConfig) => {
        config = given;
        return Promise.resolve(application);
      }),
  });
  return { terminal, events, ended, config: () => config };
}

t.test('serve prints what runs and where, and stops in order', async (t) => {
  const flags = { '--capacity': '1GiB', '--origin': 'http://127.0.0.1:9000' };
  const { terminal, events, ended, config } = run(t.testdir(), { describe: () => ['AVX2'] }, flags);
  await terminal.written(/AVX2/);
  t.equal(config()?.cache.capacityBytes, 2 ** 30);
  for (const line of [
    /^Forebay 1\.2\.3$/m,
    /^listen {3}http:\/\/127\.0\.0\.1:1234$/m,
    /^admin {4}http:\/\/\[::1\]:1235$/m,
    /^origin {3}\/ -> http:\/\/127\.0\.0\.1:9000 \(127\.0\.0\.1-9000\)$/m,
    /^cache {4}\/.*, chunks of 8 MiB$/m,
    /^capacity 1 GiB: as configured$/m,
    /^machine {2}AVX2$/m,
  ]) {
    t.match(terminal.stderr, line);
  }
  t.equal(terminal.stdout, '', 'standard output is for logs');
  t.same(events, ['start']);
  terminal.signal('SIGTERM');
  t.equal(await ended, 0);
  t.same(events, ['start', 'stop']);
  t.notOk(terminal.listening, 'signals are let go');
  t.same(terminal.exits, []);
});

t.test('serve: a second signal ends the process at once', async (t) => {
  let stopped = (): void => undefined;
  const stop = () => new Promise<void>((resolve) => (stopped = resolve));
  const { terminal, ended } = run(t.testdir(), { stop });
  await terminal.written(/capacity/);
  terminal.signal('SIGINT');
  await terminal.written(/SIGINT: finishing responses in progress, for at most 30 s/);
  t.same(terminal.exits, []);
  terminal.signal('SIGINT');
  t.same(terminal.exits, [130]);
  await new Promise(setImmediate);
  stopped();
  await ended;
});

t.test('serve: a signal during the start stops it as soon as it has started', async (t) => {
  let started = (_: BoundAddresses): void => undefined;
  const start = () => new Promise<BoundAddresses>((resolve) => (started = resolve));
  const { terminal, events, ended } = run(t.testdir(), { start });
  await new Promise(setImmediate);
  terminal.signal('SIGTERM');
  started({ ...BOUND, adminAddress: null });
  t.equal(await ended, 0);
  t.same(events, ['stop']);
  t.match(terminal.stderr, /^admin {4}off$/m);
});

t.test('serve: a failed start is closed, and its own error is reported', async (t) => {
  const reason = new Error('busy');
  let stops = 0;
  const { terminal, ended } = run(t.testdir(), {
    start: () => Promise.reject(reason),
    stop: () => {
      stops += 1;
      return Promise.reject(new Error('not open'));
    },
  });
  await t.rejects(ended, reason);
  t.equal(stops, 1);
  t.notOk(terminal.listening);
});

t.test('serve: an invalid configuration starts nothing', async (t) => {
  const { ended, events, config } = run(t.testdir(), {}, { '--capacity': 'much' });
  await t.rejects(ended, ConfigError);
  t.same([events, config()], [[], undefined]);
});

t.test('serve: SIGHUP reloads the configuration and prints the outcome', async (t) => {
  const loads: string[] = [];
  const { terminal, ended } = run(t.testdir(), {
    reload: (load) => {
      loads.push(load().log.level);
      return loads.length === 1
        ? { kind: 'applied', needsRestart: ['listen.address'] }
        : { kind: 'refused', message: 'a.yaml:1:1: wrong' };
    },
  });
  terminal.askReload();
  t.same(loads, [], 'nothing runs yet: the configuration has just been read');
  await terminal.written(/capacity/);
  terminal.askReload();
  t.match(terminal.stderr, /was reloaded; restart to apply the changes of listen\.address\n/);
  terminal.askReload();
  t.match(terminal.stderr, /not reloaded.*stays:\na\.yaml:1:1: wrong\n/);
  t.same(loads, ['info', 'info']);
  terminal.signal('SIGTERM');
  t.equal(await ended, 0);
  t.notOk(terminal.listening);
});

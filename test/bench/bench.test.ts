import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { nativeTools } from '../../bench/harness/native-tools.js';
import { choosePeers } from '../../bench/peers/choose.js';
import { medianOf, type Report } from '../../bench/report/report.js';

const BENCH = fileURLToPath(new URL('../../bench/bench.js', import.meta.url));
const OBJECT_BYTES = 16 * 2 ** 20;

// Compiled here, so that what is interrupted below is a run and not a compiler.
await nativeTools();

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function runBench(
  directory: string,
  args: readonly string[],
  onError: (said: string, interrupt: () => void) => void = () => undefined,
): Promise<Ended> {
  const child = spawn(process.execPath, [BENCH, ...args], {
    env: { ...process.env, TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (piece: Buffer) => (out += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => {
    err += piece.toString();
    onError(err, () => child.kill('SIGINT'));
  });
  return new Promise((resolve) => {
    child.once('close', (code) => {
      resolve({ code, out, err });
    });
  });
}

t.test('a quick run measures a hit and a fill, beside nginx where there is one', async (t) => {
  const directory = t.testdir({ tmp: {}, results: {} });
  const results = join(directory, 'results');
  const json = join(directory, 'report.json');
  const nginx = ['nginx-static', 'nginx-slice-1m'];
  const { facts } = await choosePeers(nginx);
  const present = facts.filter(({ version }) => version !== null).map(({ name }) => name);
  const { code, err } = await runBench(join(directory, 'tmp'), [
    '--quick',
    '--size=16MiB',
    '--scope=hit-1MiB-8,cold-whole-1',
    `--peers=forebay,origin,${nginx.join(',')}`,
    `--json=${json}`,
    `--results=${results}`,
  ]);
  t.equal(code, 0, err);
  const report = JSON.parse(readFileSync(json, 'utf8')) as Report;
  t.same(
    report.trials.map(({ failure }) => failure).filter((failure) => failure !== null),
    [],
  );
  const ran = (scenario: string): readonly string[] =>
    report.trials.filter((trial) => trial.scenario === scenario).map(({ peer }) => peer);
  t.same(new Set(ran('hit-1MiB-8')), new Set(['forebay', ...present]));
  const caches = present.filter((name) => name !== 'nginx-static');
  t.same(new Set(ran('cold-whole-1')), new Set(['forebay', 'origin', ...caches]));

  for (const { scenario, peer, metrics } of report.trials) {
    const name = `${scenario} ${peer}`;
    t.ok((metrics.gigabytesPerSecond ?? 0) > 0, name);
    t.ok((metrics.ttfbP50Ms ?? 0) > 0, name);
    t.ok((metrics.peakRssBytes ?? 0) > 2 ** 20, name);
    t.ok((metrics.cpuSecondsPerGigabyte ?? -1) >= 0, name);
    const multiple = metrics.originMultiple ?? NaN;
    if (scenario === 'hit-1MiB-8') t.equal(multiple, 0, `${name}: the origin is not asked`);
    else t.ok(Math.abs(multiple - 1) < 0.01, `${name}: each byte once, ${String(multiple)}`);
  }
  const seconds = medianOf(report, {
    scenario: 'cold-whole-1',
    peer: 'forebay',
    metric: 'seconds',
  });
  const rate = medianOf(report, {
    scenario: 'cold-whole-1',
    peer: 'forebay',
    metric: 'gigabytesPerSecond',
  });
  t.equal(Math.round((seconds ?? 0) * (rate ?? 0) * 1e9), OBJECT_BYTES, 'the whole object came');
  const page = readFileSync(join(results, 'results.md'), 'utf8');
  t.match(page, '## cold-whole-1');
  t.match(page, 'A quick run');
  t.notMatch(page, directory, 'no paths');
  t.match(readFileSync(join(results, 'results.svg'), 'utf8'), /^<svg .*forebay.*<\/svg>\n$/s);
  t.same(readdirSync(join(directory, 'tmp')), [], 'no file is left');
});

const [olah] = (await choosePeers(['olah'])).facts;
const skip = (olah?.version ?? null) === null ? 'olah is not installed' : false;

t.test('a peer that takes longer than a quick trial is measured too', { skip }, async (t) => {
  const directory = t.testdir({ tmp: {}, results: {} });
  const { code, err } = await runBench(join(directory, 'tmp'), [
    '--quick',
    '--size=16MiB',
    '--scope=hit-whole-1,hit-1MiB-8',
    '--peers=olah',
    `--results=${join(directory, 'results')}`,
  ]);
  t.equal(code, 0, err);
  t.match(err, /hit-whole-1 +olah +GB\/s/);
});

t.test('bench: an interrupt ends every process that it started', async (t) => {
  const directory = t.testdir();
  // Forebay holds the standard error of the run: that closes when the last of them has ended.
  const { code } = await runBench(
    directory,
    ['--quick', '--scope=hit-*', '--peers=forebay', '--rounds=50'],
    (said, interrupt) => {
      if (said.includes('round 1 ')) interrupt();
    },
  );
  t.equal(code, 130);
  t.same(readdirSync(directory), [], 'no file is left');
});

t.test('bench: invalid arguments are refused', async (t) => {
  const directory = t.testdir();
  for (const args of [['--rounds=0'], ['--size=1KiB'], ['--seconds=-1'], ['--what']]) {
    const { code, err } = await runBench(directory, args);
    t.equal(code, 64, args.join(' '));
    t.match(err, /^bench: .*\nusage: /);
  }
  const { code, err } = await runBench(directory, ['--peers=nobody']);
  t.equal(code, 64);
  t.match(err, 'there are forebay, nginx-static');
  t.notOk(existsSync('nobody'));
});

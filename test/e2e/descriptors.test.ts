/**
 * A program that has no descriptors left: what it lacks is no fault of the origin, and it recovers.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { get, missing } from '../fixtures/program-client.js';
import { startProgram } from '../fixtures/program.js';
import { startOrigin } from '../fixtures/scripted-origin.js';

const OBJECTS = 80;
const LENGTH = 300_000;

/** Left beyond what is open: enough for some requests, far too little for all. */
const FEW = 14;

t.test(
  'a shortage of descriptors is answered as overload, not as a fault of the origin',
  { skip: missing('prlimit') },
  async (t) => {
    const paths = Array.from({ length: OBJECTS }, (_, n) => `/o${String(n)}`);
    const objects = Object.fromEntries(
      paths.map((path, seed) => [path, { bytes: { seed, length: LENGTH } }]),
    );
    const origin = await startOrigin({ objects });
    t.teardown(() => origin.close());
    const program = await startProgram(t, { origin: origin.url });
    // What loads late would take more of the descriptors at one time than at another.
    t.match(await get(`${program.url}/o0`), { status: 200, whole: true });
    const limit = (files: number) => {
      const pid = String(program.pid);
      spawnSync('prlimit', ['--pid', pid, `--nofile=${String(files)}:`]);
    };
    const open = readdirSync(`/proc/${String(program.pid)}/fd`).length;
    limit(open + FEW);

    const ended = await Promise.all(
      paths.slice(1).map((path) =>
        get(`${program.url}${path}`).then(
          ({ status, headers, whole }) => ({
            status,
            whole,
            detail: headers['cache-status'],
            headers,
          }),
          () => null,
        ),
      ),
    );
    const answers = ended.filter((end) => end !== null);
    t.same(
      answers.filter(({ status }) => status !== 200 && status !== 503).map(({ detail }) => detail),
      [],
      'content, or 503',
    );
    const refused = answers.filter(({ status }) => status === 503);
    t.ok(refused.length > 0, 'the limit was felt');
    t.ok(refused.every(({ headers }) => headers['retry-after'] !== undefined));
    t.same(
      refused.filter(({ detail }) => /origin-busy|origin-connect/.test(String(detail))),
      [],
      'the origin is blamed for nothing',
    );
    limit(4096);
    for (const path of paths.slice(0, 8)) {
      t.match(await get(`${program.url}${path}`), { status: 200, whole: true }, path);
    }
    const reasons = program.logs().map(({ reason }) => String(reason));
    t.ok(
      reasons.some((reason) => /descriptor.*EMFILE/.test(reason)),
      'the log says what is missing',
    );
  },
);

t.test('the program starts with 150 descriptors, fewer than it has modules', async (t) => {
  const main = fileURLToPath(import.meta.resolve('#src/main.js'));
  const flags = [
    '--origin',
    'http://127.0.0.1:9',
    '--listen',
    '127.0.0.1:0',
    '--admin',
    '127.0.0.1:0',
  ];
  const serve = [main, 'serve', ...flags, '--cache-dir', `${t.testdir({})}/cache`];
  const limited = ['-c', 'ulimit -n 150; exec "$@"', '--', process.execPath, ...serve];
  const program = spawn('bash', limited, { stdio: ['ignore', 'ignore', 'pipe'] });
  t.teardown(() => program.kill('SIGKILL'));
  let said = '';
  for await (const bytes of program.stderr) {
    said += String(bytes);
    if (/^listen /m.test(said)) break;
  }
  t.match(said, /^listen /m);
  program.kill('SIGTERM');
  await once(program, 'exit');
});

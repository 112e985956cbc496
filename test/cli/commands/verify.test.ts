import http from 'node:http';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { listenOn } from '#src/http/exchange/listen.js';
import { runCommand } from '../../fixtures/command-line.js';
import { commandScene } from '../../fixtures/command-scene.js';
import { ADMIN_TOKEN, type AdminHandler, proving } from '../../fixtures/proving.js';
import { RecordingTerminal } from '../../fixtures/recording-terminal.js';

const MIB = 2 ** 20;
const OBJECTS = {
  '/a.bin': { bytes: { seed: 1, length: 3 * MIB } },
  '/b.bin': { bytes: { seed: 2, length: 5000 } },
};

/** Paths of the chunk files of a cache. */
function chunkFiles(directory: string): string[] {
  const root = join(directory, 'chunks');
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

t.test('verify finds, lists and drops corrupt chunks', async (t) => {
  const { run, directory, origin } = await commandScene(t, OBJECTS);
  t.equal((await run(['pull', '/a.bin', '/b.bin'])).exitCode, 0);
  const good = await run(['verify']);
  t.match(good, { exitCode: 0, stdout: 'checked 4 of 4 chunks: 0 damaged\n' });

  const files = chunkFiles(directory);
  t.equal(files.length, 4);
  for (const file of files) writeFileSync(file, 'x', { flag: 'r+' });
  const one = await run(['verify', '/b.bin', '--json']);
  t.equal(one.exitCode, 65, one.stderr);
  t.match(JSON.parse(one.stdout), {
    chunks: { total: 1, checked: 1, bad: 1 },
    bad: [{ origin: 'origin', target: '/b.bin', chunk: 0 }],
  });
  const rest = await run(['verify']);
  t.equal(rest.exitCode, 65);
  t.match(rest.stdout, /^damaged and dropped: origin \/a\.bin, chunk 2$/m);
  t.match(rest.stdout, /^checked 3 of 3 chunks: 3 damaged$/m);
  t.match(await run(['verify']), { exitCode: 0, stdout: 'checked 0 of 0 chunks: 0 damaged\n' });

  const before = origin.bodyBytes;
  t.equal((await run(['pull', '/a.bin', '/b.bin'])).exitCode, 0);
  t.equal(origin.bodyBytes - before, 3 * MIB + 5000, 'it is fetched anew');
});

t.test('verify: a signal cancels it in the running Forebay', async (t) => {
  const tokenFile = join(t.testdir({ token: ADMIN_TOKEN }), 'token');
  const terminal = new RecordingTerminal();
  let state = 'running';
  // A Forebay far away whose verification lasts until it is cancelled.
  const answer: AdminHandler = ({ method, url }, response) => {
    if (method === 'POST') terminal.signal('SIGINT');
    if (method === 'DELETE') state = 'cancelled';
    const chunks = { total: 9, checked: 1, bad: 0, skipped: 0 };
    const body =
      url === '/api/v1/cache' ? { directory: '/c' } : { id: 'v', state, chunks, bad: [] };
    response.end(JSON.stringify(body));
  };
  const server = http.createServer(proving(answer));
  const { port } = await listenOn(server, { host: '127.0.0.1', port: 0 });
  t.teardown(() => server.close());
  const admin = ['--admin', `127.0.0.1:${String(port)}`, '--admin-token-file', tokenFile];
  const args = ['verify', ...admin];
  const { exitCode, stdout, stderr } = await runCommand(args, { terminal });
  t.equal(exitCode, 130);
  t.match(stderr, /SIGINT: cancelling; damaged chunks found so far are dropped/);
  t.match(stdout, /^checked 1 of 9 chunks: 0 damaged\nnot all could be checked$/m);
});

import { join } from 'node:path';
import t from 'tap';
import { knownToken } from '#src/cli/session.js';
import { runCommand } from '../fixtures/command-line.js';
import { startCommand } from '../fixtures/command-process.js';
import { commandScene } from '../fixtures/command-scene.js';
import { doctored } from '../fixtures/doctored-config.js';
import { startProgram } from '../fixtures/program.js';
import { startForebay } from '../fixtures/running.js';
import { startOrigin } from '../fixtures/scripted-origin.js';
import { cacheOf, startSquatter } from '../fixtures/squatter.js';

const OBJECTS = { '/a.bin': { bytes: { seed: 1, length: 3000 } } };

t.test('a running Forebay does the work, with the token from its directory', async (t) => {
  const origin = await startOrigin({ objects: OBJECTS });
  t.teardown(() => origin.close());
  const program = await startProgram(t, { origin: origin.url });
  const flags = ['--admin', new URL(program.adminUrl).host, '--cache-dir', program.cacheDirectory];
  const pull = startCommand(t, ['pull', '/a.bin', '--origin', origin.url, ...flags]);
  t.equal(await pull.ended, 0, pull.stderr());
  t.match(pull.stdout(), /^done \/a\.bin: received 2\.9 KiB/);
  t.notMatch(pull.stderr(), 'starting one');
  t.equal(await program.metric('forebay_cache_chunks'), 1);
  // It polls: nothing but the command itself keeps its process.
  const verify = startCommand(t, ['verify', ...flags]);
  t.equal(await verify.ended, 0, verify.stderr());
  t.match(verify.stdout(), 'checked 1 of 1 chunks: 0 damaged');
  t.equal(await program.stop(), 0);
});

t.test('an unreachable Forebay is reported with its process', async (t) => {
  const program = await startProgram(t, { origin: 'http://127.0.0.1:1' });
  const { exitCode, stdout, stderr } = await runCommand(
    ['ls', '--cache-dir', program.cacheDirectory],
    { env: { FOREBAY_ADMIN_ADDRESS: '127.0.0.1:1' } },
  );
  t.equal(exitCode, 69);
  t.equal(stdout, '');
  t.match(
    stderr,
    `process ${String(program.pid)} uses ${program.cacheDirectory}, and the admin API`,
  );
  t.match(stderr, 'ECONNREFUSED');
  const off = { FOREBAY_ADMIN_ENABLED: 'false' };
  const args = ['ls', '--cache-dir', program.cacheDirectory];
  t.match((await runCommand(args, { env: off })).stderr, 'admin.enabled is false');
});

t.test('an address given by --admin must answer', async (t) => {
  const { run } = await commandScene(t, OBJECTS);
  const { exitCode, stderr } = await run(['ls', '--admin', '127.0.0.1:1']);
  t.equal(exitCode, 69);
  t.match(stderr, 'the admin API at http://127.0.0.1:1 does not answer: ECONNREFUSED');
});

t.test("an answer that is not Forebay's is reported with exit code 69", async (t) => {
  const { run, origin } = await commandScene(t, OBJECTS);
  const { exitCode, stderr } = await run(['ls', '--admin', new URL(origin.url).host]);
  t.equal(exitCode, 69);
  t.match(stderr, 'status 404, which is not an answer of Forebay');
});

t.test('a Forebay of another cache is not used', async (t) => {
  const origin = await startOrigin({ objects: OBJECTS });
  t.teardown(() => origin.close());
  const forebay = await startForebay(t, { origin });
  await forebay.get('/a.bin');
  await forebay.holds(1);
  const env = { FOREBAY_ADMIN_ADDRESS: new URL(forebay.adminUrl).host, HOME: '/nonexistent' };
  const named = await runCommand(['ls', '--json'], { env });
  t.match(JSON.parse(named.stdout), [{ target: '/a.bin' }], 'who names no cache means it');
  const { assemble } = await import('#src/assemble.js');
  const args = [
    'ls',
    '--json',
    '--cache-dir',
    join(t.testdirName, 'other'),
    '--capacity',
    '128MiB',
  ];
  const other = await runCommand(args, { env, assemble });
  t.equal(other.stdout, '[]\n');
  t.match(other.stderr, /no Forebay runs on .*other/);
});

t.test('a token that the Forebay rejects is reported', async (t) => {
  const origin = await startOrigin({ objects: OBJECTS });
  t.teardown(() => origin.close());
  const forebay = await startForebay(t, { origin });
  const tokenFile = join(t.testdir({ token: 'wrong\n' }), 'token');
  const args = ['purge', '--all', '--admin', new URL(forebay.adminUrl).host];
  const env = { FOREBAY_ADMIN_TOKEN_FILE: tokenFile };
  const { exitCode, stderr } = await runCommand(args, { env });
  t.equal(exitCode, 77);
  t.match(stderr, 'does not know the admin token; no token was sent to it');
  t.match(stderr, '--admin-token-file');
});

const TOKEN = `${'a'.repeat(63)}b`;
const HF_TOKEN = 'hf_SECRET';

const COMMANDS: readonly (readonly string[])[] = [
  ['purge', '/x', '--dry-run'],
  ['pull', 'acme/llama'],
  ['pull', '/a.bin'],
  ['verify'],
  ['ls'],
  ['status'],
];

t.test('a process that holds the port and is no Forebay gets no secret', async (t) => {
  const directory = t.testdir({ 'admin-token': `${TOKEN}\n` });
  const squatter = await startSquatter(t, (path) =>
    path === '/api/v1/cache' ? cacheOf(directory) : undefined,
  );
  const env = {
    FOREBAY_ADMIN_ADDRESS: squatter.address,
    FOREBAY_CACHE_DIRECTORY: directory,
    HF_TOKEN,
  };
  for (const args of COMMANDS) {
    const { exitCode, stderr } = await runCommand(args, { env });
    t.equal(exitCode, 77, args.join(' '));
    t.match(stderr, 'is not proven to be Forebay: it sends no proof');
  }
  t.ok(squatter.told.length >= COMMANDS.length);
  t.notMatch(squatter.told.join('\n'), /authorization|Bearer|aaaa|hf_|^(?:POST|DELETE)/m);
});

t.test('no token is read from a directory that an unproven server names', async (t) => {
  const named = t.testdir({ 'admin-token': `${TOKEN}\n` });
  const squatter = await startSquatter(t, (path) =>
    path === '/api/v1/cache' ? cacheOf(named) : undefined,
  );
  const env = { HOME: '/nonexistent', FOREBAY_ADMIN_ADDRESS: squatter.address, HF_TOKEN };
  for (const args of COMMANDS.slice(0, 4)) {
    const { exitCode, stderr } = await runCommand(args, { env });
    t.equal(exitCode, 77, args.join(' '));
    t.match(stderr, 'its admin token is not known here');
  }
  const read = await runCommand(['ls'], { env });
  t.match(read.stderr, 'has not proven to be Forebay: this command only reads from it');
  t.notMatch(squatter.told.join('\n'), /authorization|Bearer|aaaa|hf_|^(?:POST|DELETE)/m);
});

t.test('a relay of the proof to the real Forebay gets no secret', async (t) => {
  const origin = await startOrigin({ objects: OBJECTS });
  t.teardown(() => origin.close());
  const forebay = await startForebay(t, { origin });
  const squatter = await startSquatter(t, { behind: forebay.adminUrl });
  const env = { FOREBAY_CACHE_DIRECTORY: forebay.directory, HF_TOKEN };
  for (const [more, flags] of [
    [{ FOREBAY_ADMIN_ADDRESS: squatter.address }, []],
    [{}, ['--admin', squatter.address]],
    [
      {},
      ['--admin', squatter.address, '--admin-token-file', join(forebay.directory, 'admin-token')],
    ],
  ] as const) {
    for (const args of COMMANDS.slice(0, 4)) {
      const { exitCode, stderr } = await runCommand([...args, ...flags], {
        env: { ...env, ...more },
      });
      t.equal(exitCode, 77, args.join(' '));
      t.match(
        stderr,
        `a proxy or tunnel is in front of the Forebay at ${new URL(forebay.adminUrl).host}`,
      );
    }
  }
  t.notMatch(squatter.told.join('\n'), /authorization|Bearer|hf_|^(?:POST|DELETE)/m);
});

t.test('a remote Forebay gets a token from a file configured for it alone', async (t) => {
  const directory = t.testdir({ 'admin-token': 'mine', given: 'given' });
  const cache = { directory, capacity: '1GiB' };
  const token = (host: string, tokenFile: string | null, isNamed = true): string | null => {
    const { config } = doctored({
      cache,
      admin: { address: `${host}:7081`, ...(tokenFile && { tokenFile }) },
    });
    return knownToken(config, isNamed);
  };
  t.equal(token('192.0.2.1', null), null);
  t.equal(token('admin.example', null), null);
  t.equal(token('192.0.2.1', join(directory, 'given')), 'given');
  t.equal(token('192.0.2.1', null, false), 'mine', 'its own address in the configuration');
  for (const host of ['127.0.0.1', '127.9.9.9', 'localhost', '[::1]']) {
    t.equal(token(host, null), 'mine', host);
  }
});

/** git, through the mirror of a hub: reading goes on to the hub, and pushing does not. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startGitServer } from '../fixtures/git-server.js';
import { missing, runTool } from '../fixtures/program-client.js';
import { startProgram, testDirectory } from '../fixtures/program.js';

const skip = missing('git');
const CONFIG = '{"a":1}\n';

/** More than one piece of a body, and no coding makes it less. */
const WEIGHTS = randomBytes(3 * 1024 * 1024);

async function start(t: Test, keys: readonly string[] = []) {
  const hub = await startGitServer(t);
  const { git } = hub;
  const directory = testDirectory(t);
  const source = join(directory, 'source');
  const author = ['-c', 'user.name=a', '-c', 'user.email=a@example.org'];
  await git('init', '--quiet', '--bare', '--initial-branch=main', 'served.git');
  await git('init', '--quiet', '--initial-branch=main', source);
  writeFileSync(join(source, 'config.json'), CONFIG);
  writeFileSync(join(source, 'model.bin'), WEIGHTS);
  await git('-C', source, 'add', '.');
  await git('-C', source, ...author, 'commit', '--quiet', '-m', 'one');
  await git('-C', source, 'push', '--quiet', '../served.git', 'main');
  const config = ['origins:', `  - { adapter: huggingface, url: '${hub.url}' }`, ...keys, ''];
  const program = await startProgram(t, { config: config.join('\n') });
  const clone = async (name: string, to: string, ...options: string[]) => {
    const args = ['-C', directory, ...options, 'clone', '--quiet', `${program.url}/${name}`, to];
    const { code, stderr } = await runTool(t, 'git', ['-c', 'credential.helper=', ...args]);
    return { code, stderr };
  };
  const files = (to: string) => ({
    config: readFileSync(join(directory, to, 'config.json'), 'utf8'),
    isWhole: readFileSync(join(directory, to, 'model.bin')).equals(WEIGHTS),
  });
  return { hub, program, directory, source, clone, files };
}

t.test('git clone works under each name of a repository', { skip }, async (t) => {
  const { hub, clone, files } = await start(t);
  for (const [index, name] of ['acme/m', 'gpt2.git', 'datasets/acme/d'].entries()) {
    const { code, stderr } = await clone(name, `clone${String(index)}`);
    t.equal(code, 0, `${name} ${stderr}`);
    t.same(files(`clone${String(index)}`), { config: CONFIG, isWhole: true });
  }
  const posted = hub.received.filter(({ method }) => method === 'POST');
  t.ok(posted.every(({ headers }) => headers['git-protocol'] === 'version=2'));
  t.match(posted[0]?.headers['user-agent'], /^git\//);
});

t.test('git fetch of new commits works with a long list of known ones', { skip }, async (t) => {
  const { hub, directory, source, clone } = await start(t);
  t.equal((await clone('acme/m', 'clone')).code, 0);
  const author = ['-c', 'user.name=a', '-c', 'user.email=a@example.org'];
  const own = join(directory, 'clone');
  // Each is told to the server, so that the request is compressed.
  const commits = Array.from({ length: 40 }, (_, index) => [
    'commit refs/heads/main',
    `committer a <a@example.org> ${String(4_000_000_000 + index)} +0000`,
    'data 0',
    ...(index === 0 ? ['from refs/heads/main^0'] : []),
    '',
  ]);
  const history = join(directory, 'history');
  writeFileSync(history, commits.flat().join('\n'));
  await hub.git('-C', own, '-c', `alias.load=!git fast-import --quiet < ${history}`, 'load');
  await hub.git('-C', source, ...author, 'commit', '--quiet', '--allow-empty', '-m', 'two');
  await hub.git('-C', source, 'push', '--quiet', '../served.git', 'main');
  await hub.git('-C', own, 'fetch', '--quiet');
  const head = await hub.git('-C', source, 'rev-parse', 'HEAD');
  t.equal(await hub.git('-C', own, 'rev-parse', 'origin/main'), head);
  t.ok(hub.received.some(({ headers }) => headers['content-encoding'] === 'gzip'));
});

t.test('a private repository needs credentials in each request', { skip }, async (t) => {
  const { hub, clone, files } = await start(t);
  const basic = `Basic ${Buffer.from('me:hf_mine').toString('base64')}`;
  hub.authorization = basic;
  const options = ['-c', `http.extraHeader=Authorization: ${basic}`];
  t.equal((await clone('acme/m', 'mine', ...options)).code, 0);
  t.same(files('mine'), { config: CONFIG, isWhole: true });
  const other = await clone('acme/m', 'other', '-c', 'core.askPass=true');
  t.not(other.code, 0, 'nothing of it was kept');
  t.match(other.stderr, /Authentication failed|could not read/);
});

t.test("the lent token is git's password, for its repositories alone", { skip }, async (t) => {
  const tokenFile = join(testDirectory(t), 'token');
  writeFileSync(tokenFile, 'hf_operator\n');
  const lent = ['hub:', `  tokenFile: ${tokenFile}`, `  tokenRepositories: ['acme/*']`];
  const { hub, clone } = await start(t, lent);
  hub.authorization = `Basic ${Buffer.from('user:hf_operator').toString('base64')}`;
  t.equal((await clone('acme/m.git', 'lent')).code, 0);
  t.not((await clone('else/m', 'not-lent', '-c', 'core.askPass=true')).code, 0);
});

t.test('a push is refused with a message', { skip }, async (t) => {
  const { hub, program, source } = await start(t);
  const before = hub.received.length;
  const push = await runTool(t, 'git', ['-C', source, 'push', `${program.url}/acme/m`, 'main']);
  t.not(push.code, 0);
  t.match(push.stderr, 'This mirror only reads');
  t.equal(hub.received.length, before, 'the hub hears nothing of it');
});

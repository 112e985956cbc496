import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { runCommand } from '../../fixtures/command-line.js';

async function script(shell: string): Promise<string> {
  const { exitCode, stdout } = await runCommand(['completion', shell]);
  t.equal(exitCode, 0);
  return stdout;
}

function isInstalled(shell: string): boolean {
  return spawnSync(shell, ['-c', 'true']).status === 0;
}

/** What bash offers after `words`, of which the last is begun. */
async function bashOffers(directory: string, ...words: string[]): Promise<string[]> {
  const ask = [
    await script('bash'),
    `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})`,
    `COMP_CWORD=${String(words.length - 1)}`,
    '_forebay',
    `printf '%s\\n' "\${COMPREPLY[@]}"`,
  ].join('\n');
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-u', '-c', ask], {
    encoding: 'utf8',
    cwd: directory,
  });
  t.equal(stderr, '');
  return stdout.split('\n').filter((line) => line !== '');
}

t.test('bash completes commands, flags and values', async (t) => {
  const directory = t.testdir({ 'forebay.yaml': '', 'forebay two.yaml': '' });
  const offers = (...words: string[]) => bashOffers(directory, ...words);
  t.same(await offers('forebay', 'va'), ['validate']);
  t.same((await offers('forebay', 'config', '')).slice(0, 3), ['show', 'doc', '--version']);
  t.same(await offers('forebay', 'config', 'show', '--show'), ['--show-origin']);
  t.same(await offers('forebay', 'completion', 'z'), ['zsh']);
  t.same(await offers('forebay', '--log-level', 'de'), ['debug']);
  t.same(await offers('forebay', '--progress', '=', 'pl'), ['plain']);
  t.same(await offers('forebay', 'serve', '--capacity', ''), [], 'a free text');
  t.same((await offers('forebay', '--config', 'fore')).toSorted(), [
    'forebay two.yaml',
    'forebay.yaml',
  ]);
  // The argument of an option is no command.
  t.same(await offers('forebay', '--config', 'config', 'va'), ['validate']);
  t.ok((await offers('forebay', 'serve', '--')).includes('--cache-dir'));
  t.notOk((await offers('forebay', '--')).includes('--cache-dir'));
});

t.test('zsh accepts the completion script', { skip: !isInstalled('zsh') }, async (t) => {
  const file = join(t.testdir(), '_forebay');
  writeFileSync(file, await script('zsh'));
  // `compdef` and the helpers of completion are replaced by what writes down their arguments.
  const ask = [
    'compdef() { :; }',
    '_describe() { print -l -- ${(P)@[-1]}; }',
    '_files() { print files; }',
    'compadd() { shift; print -l -- $@; }',
    `source ${file}`,
    'words=(forebay config sh); CURRENT=3; _forebay',
    'words=(forebay --progress pl); CURRENT=3; _forebay',
    'words=(forebay --config f); CURRENT=3; _forebay',
  ].join('\n');
  const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', ask], { encoding: 'utf8' });
  t.equal(stderr, '');
  t.match(stdout, /^show:Print the configuration that flags/);
  t.match(stdout, /\nauto\nlive\nplain\nnone\nfiles\n$/);
});

t.test('fish completes commands, flags and values', { skip: !isInstalled('fish') }, async (t) => {
  const file = join(t.testdir(), 'forebay.fish');
  writeFileSync(file, await script('fish'));
  const offers = (line: string): string[] => {
    const ask = `source ${file}; complete --do-complete '${line}'`;
    const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', ask], { encoding: 'utf8' });
    t.equal(stderr, '');
    return stdout
      .split('\n')
      .map((text) => text.split('\t')[0] ?? '')
      .filter((text) => text !== '');
  };
  t.same(offers('forebay va'), ['validate']);
  t.same(offers('forebay config sh'), ['show']);
  t.same(offers('forebay config show --show'), ['--show-origin']);
  t.same(offers('forebay --progress pl'), ['plain']);
  t.same(offers('forebay validate --capa'), ['--capacity']);
});

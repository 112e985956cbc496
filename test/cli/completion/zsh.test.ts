import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import t from 'tap';
import { zshScript } from '#src/cli/completion/zsh.js';
import { completionTree } from '#src/cli/completion/tree.js';

t.test('zsh: texts with quotes and colons make a script that parses', async (t) => {
  const program = new Command('p')
    .option('--say <text>', "It's: what to say \\ or not")
    .addCommand(new Command('one').description("The one's: own"));
  const script = zshScript(completionTree(program));
  t.match(script, 'one');
  const file = join(t.testdir(), 'script');
  writeFileSync(file, script);
  const { error, status, stderr } = spawnSync('zsh', ['-n', file], { encoding: 'utf8' });
  if (error !== undefined) t.comment('this shell is not installed');
  else t.same({ status, stderr }, { status: 0, stderr: '' });
});

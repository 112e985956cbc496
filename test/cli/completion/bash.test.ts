import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import t from 'tap';
import { bashScript } from '#src/cli/completion/bash.js';
import { completionTree } from '#src/cli/completion/tree.js';

t.test('bash: texts with quotes and colons make a script that parses', async (t) => {
  const program = new Command('p')
    .option('--say <text>', "It's: what to say \\ or not")
    .addCommand(new Command('one').description("The one's: own"));
  const script = bashScript(completionTree(program));
  t.match(script, 'one');
  const file = join(t.testdir(), 'script');
  writeFileSync(file, script);
  const { error, status, stderr } = spawnSync('bash', ['-n', file], { encoding: 'utf8' });
  if (error !== undefined) t.comment('this shell is not installed');
  else t.same({ status, stderr }, { status: 0, stderr: '' });
});

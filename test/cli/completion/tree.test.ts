import { Argument, Command, Option } from 'commander';
import t from 'tap';
import { completionTree } from '#src/cli/completion/tree.js';

t.test("the completion tree contains the program's commands and flags", async (t) => {
  const program = new Command('p').option('--json', 'As JSON. Really.');
  const child = new Command('one')
    .description('Does one thing: well. And more.')
    .addOption(new Option('--to <file>', 'Where.'))
    .addOption(new Option('--how <word>', 'How.').choices(['a', 'b']))
    .addArgument(new Argument('<shape>').choices(['round', 'square']));
  program.addCommand(new Command('group').addCommand(child));
  const { commands } = completionTree(program);
  t.same(
    commands.map(({ path }) => path),
    ['', 'group', 'group one'],
  );
  t.same(commands[1]?.words, [{ word: 'one', about: 'Does one thing: well' }]);
  t.same(
    commands[2]?.words.map(({ word }) => word),
    ['round', 'square'],
  );
  t.same(commands[2]?.options, [
    { flag: '--to', about: 'Where', argument: { kind: 'file' } },
    { flag: '--how', about: 'How', argument: { kind: 'words', words: ['a', 'b'] } },
    { flag: '--json', about: 'As JSON', argument: { kind: 'none' } },
    { flag: '--help', about: 'Show help', argument: { kind: 'none' } },
  ]);
});

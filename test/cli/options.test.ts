import { Command } from 'commander';
import t from 'tap';
import {
  commonFlags,
  globalOptions,
  settingTexts,
  wholeNumber,
  withSettings,
} from '#src/cli/options.js';

async function parse(...args: string[]) {
  let seen: object = {};
  const program = new Command('p').exitOverride();
  for (const option of globalOptions()) program.addOption(option);
  program.addCommand(
    withSettings(new Command('c')).action((_options: object, command: Command) => {
      seen = { common: commonFlags(command), settings: settingTexts(command) };
    }),
  );
  await program.parseAsync(args, { from: 'user' });
  return seen;
}

t.test('common flags are parsed before and after the command', async (t) => {
  const byDefault = { json: false, quiet: false, progress: 'auto' };
  t.match(await parse('c'), { common: byDefault, settings: {} });
  t.match(await parse('--json', 'c', '--quiet'), { common: { json: true, quiet: true } });
  t.match(await parse('c', '--no-progress'), { common: { progress: 'none' } });
  t.match(await parse('c', '--progress', 'plain'), { common: { progress: 'plain' } });
});

t.test('setting flags keep their texts, wherever they appear', async (t) => {
  const args = ['--log-level', 'warn', 'c', '--cache-dir', '/x', '--config=f', '--capacity', '1x'];
  t.match(await parse(...args), {
    settings: { '--log-level': 'warn', '--cache-dir': '/x', '--config': 'f', '--capacity': '1x' },
  });
});

t.test('wholeNumber accepts whole numbers from its minimum and throws for others', async (t) => {
  const read = wholeNumber(1);
  t.equal(read('10'), 10);
  for (const text of ['0', '-1', '1.5', 'x', '', '9999999999']) t.throws(() => read(text), text);
});

/** `forebay serve`. */
import { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { settingTexts, withSettings } from '../options.js';
import { serve } from '../serve.js';

export function serveCommand({ terminal, version, loadAssemble, end }: CommandContext): Command {
  return withSettings(new Command('serve'))
    .description('Serve until SIGTERM or SIGINT.')
    .allowExcessArguments(false)
    .action(async (_options: object, command: Command) => {
      end(await serve({ flags: settingTexts(command), version, terminal, loadAssemble }));
    });
}

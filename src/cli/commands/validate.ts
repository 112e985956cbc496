/** `forebay validate`: reports all problems of a configuration, or summarises it. */
import { Command } from 'commander';
import { resolveCapacity } from '../../config/capacity.js';
import { type LoadedConfig, loadWithSources } from '../../config/load.js';
import { ConfigError } from '../../config/problem.js';
import { nested, shownSettings } from '../../config/shown.js';
import type { CommandContext } from '../context.js';
import { EXIT_CONFIG } from '../exit-codes.js';
import { commonFlags, settingTexts, withSettings } from '../options.js';
import { Output } from '../output.js';
import { configuredAddresses, summaryLines } from '../summary.js';

export function validateCommand({ terminal, end }: CommandContext): Command {
  return withSettings(new Command('validate'))
    .description('Check the configuration without starting anything.')
    .allowExcessArguments(false)
    .action((_options: object, command: Command) => {
      const flags = commonFlags(command);
      const output = new Output(terminal, flags);
      let loaded: LoadedConfig;
      try {
        loaded = loadWithSources({ flags: settingTexts(command), env: terminal.env });
      } catch (error) {
        // Without --json, program.ts prints the problems as lines, as for every command.
        if (!flags.json || !(error instanceof ConfigError)) throw error;
        output.result({ ok: false, problems: error.problems }, () => '');
        end(EXIT_CONFIG);
        return;
      }
      const capacity = resolveCapacity(loaded.config);
      const { capacityBytes } = capacity.config.cache;
      output.result(
        {
          ok: true,
          capacityBytes,
          capacityReason: capacity.reason,
          config: nested(shownSettings(loaded)),
        },
        () => ['ok', ...summaryLines(capacity, configuredAddresses(capacity))].join('\n'),
      );
    });
}

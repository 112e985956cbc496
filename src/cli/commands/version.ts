/** `forebay version`: this program's version. */
import { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { commonFlags } from '../options.js';
import { Output } from '../output.js';

export function versionCommand({ terminal, version }: CommandContext): Command {
  return new Command('version')
    .description('Print the version.')
    .allowExcessArguments(false)
    .action((_options: object, command: Command) => {
      const output = new Output(terminal, commonFlags(command));
      output.result({ version, node: process.versions.node }, () => version);
    });
}

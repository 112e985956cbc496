/** `forebay purge PATH`: deletes objects and the response records of their URLs from the cache. */
import { Command } from 'commander';
import { formatSize } from '../../config/units.js';
import type { Purged } from '../api-types.js';
import type { CommandContext } from '../context.js';
import { commonFlags, settingTexts, withSettings } from '../options.js';
import { Output } from '../output.js';
import { scopesOf } from '../scopes.js';
import { withSession } from '../session.js';

interface PurgeOptions {
  readonly all?: true;
  readonly dryRun?: true;
}

export function purgeCommand(context: CommandContext): Command {
  const command = withSettings(new Command('purge'))
    .description('Delete objects from the cache.')
    .argument('[path]', 'Delete the objects whose path, as clients request it, begins with this.')
    .option('--all', 'Delete everything; takes the place of a path.')
    .option('--dry-run', 'Only report what would be deleted.')
    .allowExcessArguments(false);
  return command.action(async (path: string | undefined, options: PurgeOptions) => {
    if ((path === undefined) !== (options.all === true)) {
      command.error('error: give a path, or --all for everything');
    }
    const output = new Output(context.terminal, commonFlags(command));
    const dryRun = options.dryRun === true;
    const purged = await withSession(
      context,
      settingTexts(command),
      output,
      async ({ client, config }) => {
        const parts: Purged[] = [];
        for (const scope of scopesOf(path, config.origins)) {
          parts.push(await client.purge(scope, dryRun));
        }
        return sum(parts, dryRun);
      },
    );
    output.result(purged, () => purgedText(purged));
  });
}

function sum(parts: readonly Purged[], dryRun: boolean): Purged {
  const total = (count: (part: Purged) => number): number =>
    parts.reduce((all, part) => all + count(part), 0);
  return {
    dryRun,
    objects: total(({ objects }) => objects),
    responses: total(({ responses }) => responses),
    bytes: total(({ bytes }) => bytes),
  };
}

function purgedText({ dryRun, objects, responses, bytes }: Purged): string {
  const what = `${counted(objects, 'object')} of ${formatSize(bytes)}, ${counted(responses, 'response')}`;
  return dryRun ? `would purge ${what}` : `purged ${what}`;
}

function counted(count: number, noun: string): string {
  return `${String(count)} ${noun}${count === 1 ? '' : 's'}`;
}

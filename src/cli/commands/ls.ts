/** `forebay ls [PATH]`: lists objects, with how much of each is held. */
import { Command } from 'commander';
import { formatSize } from '../../config/units.js';
import type { AdminClient } from '../admin-client.js';
import type { ListedObjectBody, Scope } from '../api-types.js';
import type { CommandContext } from '../context.js';
import { commonFlags, settingTexts, wholeNumber, withSettings } from '../options.js';
import { Output } from '../output.js';
import { scopesOf } from '../scopes.js';
import { withSession } from '../session.js';
import { type Column, table } from '../table.js';

/** Default of --limit. */
const DEFAULT_LIMIT = 1000;
/** Objects per request. */
const PAGE = 500;

const COLUMNS: readonly Column[] = [
  { title: 'origin' },
  { title: 'object' },
  { title: 'size', align: 'right' },
  { title: 'held', align: 'right' },
  { title: 'integrity' },
  { title: 'pinned' },
  { title: 'stored' },
];

export function lsCommand(context: CommandContext): Command {
  return withSettings(new Command('ls'))
    .description('List the objects of which chunks are held.')
    .argument('[path]', 'Only objects whose path, as clients request it, begins with this.')
    .option('--limit <count>', 'The maximum number of objects.', wholeNumber(1), DEFAULT_LIMIT)
    .allowExcessArguments(false)
    .action(
      async (path: string | undefined, { limit }: { readonly limit: number }, command: Command) => {
        const output = new Output(context.terminal, commonFlags(command));
        const { objects, isWhole } = await withSession(
          context,
          settingTexts(command),
          output,
          ({ client, config }) => list(client, scopesOf(path, config.origins), limit),
        );
        output.result(objects, () => listing(objects));
        if (!isWhole) output.note(`these are the first ${String(limit)}: --limit shows more`);
      },
    );
}

/** Requests at most `limit` objects of all scopes; `isWhole` is false if there are more. */
async function list(
  client: AdminClient,
  scopes: readonly Scope[],
  limit: number,
): Promise<{ readonly objects: readonly ListedObjectBody[]; readonly isWhole: boolean }> {
  const found: ListedObjectBody[] = [];
  for (const scope of scopes) {
    let cursor: string | null = null;
    do {
      // Requests one object beyond the limit, to find out whether there are more.
      const count = Math.min(PAGE, limit + 1 - found.length);
      const page = await client.objects(scope, count, cursor);
      found.push(...page.objects);
      if (found.length > limit) return { objects: found.slice(0, limit), isWhole: false };
      cursor = page.next;
    } while (cursor !== null);
  }
  return { objects: found, isWhole: true };
}

function listing(objects: readonly ListedObjectBody[]): string {
  if (objects.length === 0) return 'nothing is held';
  return table(COLUMNS, objects.map(row)).join('\n');
}

function row(object: ListedObjectBody): readonly string[] {
  const { lengthBytes, heldBytes } = object;
  return [
    object.origin,
    object.target,
    lengthBytes === null ? 'unknown' : formatSize(lengthBytes),
    lengthBytes === null ? formatSize(heldBytes) : share(heldBytes, lengthBytes),
    object.integrity,
    object.pinned ? 'yes' : '',
    object.storedAt ?? '',
  ];
}

/** Returns the held share, rounded down: 100 % only for a complete object. */
function share(heldBytes: number, lengthBytes: number): string {
  return `${String(lengthBytes === 0 ? 100 : Math.floor((heldBytes / lengthBytes) * 100))} %`;
}

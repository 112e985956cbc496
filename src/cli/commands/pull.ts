/** `forebay pull`: fetches URLs or a model into the cache and shows its true progress. */
import { Command, Option } from 'commander';
import type { AdminClient } from '../admin-client.js';
import type { Pull } from '../api-types.js';
import { cancelOnSignal } from '../cancel.js';
import type { CommandContext } from '../context.js';
import { commonFlags, settingTexts, withSettings } from '../options.js';
import { Output } from '../output.js';
import { chosenMode, showProgress } from '../progress.js';
import { outcomeExitCode, outcomeLines, sizeLine } from '../pull-outcome.js';
import { type PullFlags, pullRequest } from '../pull-request.js';
import { PullWatch } from '../pull-watch.js';
import { withSession } from '../session.js';

export function pullCommand(context: CommandContext): Command {
  const { terminal, clock, end } = context;
  return withSettings(new Command('pull'))
    .description('Fetch objects into the cache ahead of requests.')
    .argument(
      '<what...>',
      'Paths as clients write them (/models/a.bin) or URLs of an origin; or a model: ORG/MODEL[@REVISION].',
    )
    .addOption(patternOption('--include', 'Only files of the model that match this shell pattern.'))
    .addOption(patternOption('--exclude', 'No files of the model that match this shell pattern.'))
    .action(async (names: readonly string[], patterns: PullFlags, command: Command) => {
      const asked = pullRequest(names, patterns, terminal.env);
      if (asked.kind === 'misunderstood') command.error(`error: ${asked.why}`);
      const { request } = asked;
      const flags = commonFlags(command);
      const output = new Output(terminal, flags);
      const pulled = await withSession(context, settingTexts(command), output, async (session) => {
        const watch = new PullWatch();
        const begun = await session.client.startPull(request);
        if (begun.model !== null) output.note(sizeLine(begun));
        watch.update(begun, clock.monotonic());
        const cancelling = cancelOnSignal(terminal, output, 'what is committed stays', () =>
          session.client.cancelPull(begun.id),
        );
        const display = showProgress(chosenMode(flags, terminal), terminal, clock, watch);
        try {
          return await follow(session.client, begun, (pull) => {
            watch.update(pull, clock.monotonic());
          });
        } finally {
          display.stop();
          cancelling.close();
        }
      });
      output.result(pulled, () => outcomeLines(pulled).join('\n'));
      end(outcomeExitCode(pulled));
    });
}

/** May be given several times. */
function patternOption(flag: string, about: string): Option {
  return new Option(`${flag} <pattern>`, `${about} May be given several times.`)
    .default([], 'none')
    .argParser((pattern: string, before: readonly string[]) => [...before, pattern]);
}

/** Resolves to the pull's end. */
async function follow(
  client: AdminClient,
  begun: Pull,
  onChange: (pull: Pull) => void,
): Promise<Pull> {
  let last = begun;
  for await (const pull of client.pullEvents(begun.id)) {
    last = pull;
    onChange(pull);
    if (pull.state !== 'running') break;
  }
  return last;
}

/** `forebay pull`: fetches URLs or a model into the cache and shows the progress. */
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
    .description('Fetch objects into the cache before clients request them.')
    .argument(
      '<what...>',
      'Paths as clients request them (/models/a.bin) or URLs of an origin; or a model: ORG/MODEL[@REVISION].',
    )
    .addOption(
      patternOption('--include', 'Pull only files of the model that match this shell pattern.'),
    )
    .addOption(
      patternOption('--exclude', 'Pull no files of the model that match this shell pattern.'),
    )
    .action(async (names: readonly string[], patterns: PullFlags, command: Command) => {
      const parsed = pullRequest(names, patterns, terminal.env);
      if (parsed.kind === 'misunderstood') command.error(`error: ${parsed.why}`);
      const { request } = parsed;
      const flags = commonFlags(command);
      const output = new Output(terminal, flags);
      const pulled = await withSession(context, settingTexts(command), output, async (session) => {
        const watch = new PullWatch();
        const started = await session.client.startPull(request);
        if (started.model !== null) output.note(sizeLine(started));
        watch.update(started, clock.monotonic());
        const cancelling = cancelOnSignal(terminal, output, 'what is committed stays', () =>
          session.client.cancelPull(started.id),
        );
        const display = showProgress(chosenMode(flags, terminal), terminal, clock, watch);
        try {
          return await follow(session.client, started, (pull) => {
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

/** Returns an option that may be repeated. */
function patternOption(flag: string, about: string): Option {
  return new Option(`${flag} <pattern>`, `${about} May be given several times.`)
    .default([], 'none')
    .argParser((pattern: string, before: readonly string[]) => [...before, pattern]);
}

/** Follows a pull to its end; resolves to its last state. */
async function follow(
  client: AdminClient,
  started: Pull,
  onChange: (pull: Pull) => void,
): Promise<Pull> {
  let last = started;
  for await (const pull of client.pullEvents(started.id)) {
    last = pull;
    onChange(pull);
    if (pull.state !== 'running') break;
  }
  return last;
}

/** `forebay verify [PATH]`: hashes stored chunks again; corrupt ones are dropped and named. */
import { Command } from 'commander';
import type { Clock } from '../../model/time.js';
import type { AdminClient } from '../admin-client.js';
import type { Scope, Verification } from '../api-types.js';
import { type Cancelling, cancelOnSignal } from '../cancel.js';
import type { CommandContext } from '../context.js';
import { EXIT_CORRUPT, EXIT_FAILED, EXIT_INTERRUPTED } from '../exit-codes.js';
import { commonFlags, settingTexts, withSettings } from '../options.js';
import { Output } from '../output.js';
import { chosenMode, type ProgressSource, showProgress } from '../progress.js';
import { scopesOf } from '../scopes.js';
import { withSession } from '../session.js';

/** Between looks at a verification that runs. */
const POLL_MS = 250;

interface Result extends Pick<Verification, 'chunks' | 'bad'> {
  /** Not all of it could be checked. */
  readonly failed: boolean;
  /** A signal ended it. */
  readonly interrupted: boolean;
}

export function verifyCommand(context: CommandContext): Command {
  const { terminal, clock, end } = context;
  return withSettings(new Command('verify'))
    .description('Hash stored chunks again; corrupt ones are dropped and fetched at the next read.')
    .argument('[path]', 'Only objects whose path, as clients write it, begins with this.')
    .allowExcessArguments(false)
    .action(async (path: string | undefined, _options: object, command: Command) => {
      const flags = commonFlags(command);
      const output = new Output(terminal, flags);
      const result = await withSession(
        context,
        settingTexts(command),
        output,
        async ({ client, config }) => {
          const tally = new Tally();
          const cancelling = cancelOnSignal(
            terminal,
            output,
            'what was damaged so far is dropped',
            async () => {
              if (tally.last !== undefined) await client.cancelVerification(tally.last.id);
            },
          );
          const display = showProgress(chosenMode(flags, terminal), terminal, clock, tally);
          try {
            for (const scope of scopesOf(path, config.origins)) {
              if (!cancelling.asked) await verify(client, scope, clock, tally, cancelling);
            }
          } finally {
            display.stop();
            cancelling.close();
          }
          return { ...tally.result(), interrupted: cancelling.asked };
        },
      );
      output.result(result, () => resultText(result));
      if (result.interrupted) end(EXIT_INTERRUPTED);
      else if (result.chunks.bad > 0) end(EXIT_CORRUPT);
      else if (result.failed) end(EXIT_FAILED);
    });
}

/** Resolves when one scope is through. */
async function verify(
  client: AdminClient,
  scope: Scope,
  clock: Clock,
  tally: Tally,
  cancelling: Cancelling,
): Promise<void> {
  let current = await client.startVerification(scope);
  tally.update(current);
  // The signal may have come before there was anything to cancel.
  if (cancelling.asked) await client.cancelVerification(current.id);
  while (current.state === 'running') {
    await new Promise<void>((resolve) => clock.after(POLL_MS, resolve));
    current = await client.verification(current.id);
    tally.update(current);
  }
}

/** Adds up the scopes of one command. */
class Tally implements ProgressSource {
  readonly #parts = new Map<string, Verification>();

  update(part: Verification): void {
    this.#parts.set(part.id, part);
  }

  /** The one that runs, or ran last. */
  get last(): Verification | undefined {
    return [...this.#parts.values()].at(-1);
  }

  result(): Omit<Result, 'interrupted'> {
    const parts = [...this.#parts.values()];
    const total = (count: (part: Verification) => number): number =>
      parts.reduce((all, part) => all + count(part), 0);
    return {
      chunks: {
        total: total(({ chunks }) => chunks.total),
        checked: total(({ chunks }) => chunks.checked),
        bad: total(({ chunks }) => chunks.bad),
        skipped: total(({ chunks }) => chunks.skipped),
      },
      bad: parts.flatMap(({ bad }) => bad),
      failed: parts.some(({ state }) => state !== 'done'),
    };
  }

  live(): readonly string[] {
    return [this.plain()];
  }

  plain(): string {
    const { total, checked, bad } = this.result().chunks;
    return `checked ${String(checked)} of ${String(total)} chunks, ${String(bad)} damaged`;
  }

  news(): readonly string[] {
    return [];
  }
}

function resultText({ chunks, bad, failed }: Result): string {
  const named = bad.map(
    ({ origin, target, chunk }) =>
      `damaged and dropped: ${origin} ${target}, chunk ${String(chunk)}`,
  );
  const unnamed = chunks.bad - bad.length;
  return [
    ...named,
    ...(unnamed > 0 ? [`and ${String(unnamed)} more`] : []),
    `checked ${String(chunks.checked)} of ${String(chunks.total)} chunks: ${String(chunks.bad)} damaged`,
    ...(chunks.skipped > 0 ? [`${String(chunks.skipped)} were evicted before their turn`] : []),
    ...(failed ? ['not all could be checked'] : []),
  ].join('\n');
}

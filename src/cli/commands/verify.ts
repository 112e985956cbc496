/** `forebay verify [PATH]`: hashes held chunks again; drops and lists damaged ones. */
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

/** Time between polls of a running verification. */
const POLL_MS = 250;

interface Result extends Pick<Verification, 'chunks' | 'bad'> {
  /** True when not all chunks could be checked. */
  readonly failed: boolean;
  /** True when a signal ended it. */
  readonly interrupted: boolean;
}

export function verifyCommand(context: CommandContext): Command {
  const { terminal, clock, end } = context;
  return withSettings(new Command('verify'))
    .description('Hash held chunks again, and drop damaged ones, so that they are fetched anew.')
    .argument('[path]', 'Only objects whose path, as clients request it, begins with this.')
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
            'damaged chunks found so far are dropped',
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

/** Verifies one scope; resolves at its end. */
async function verify(
  client: AdminClient,
  scope: Scope,
  clock: Clock,
  tally: Tally,
  cancelling: Cancelling,
): Promise<void> {
  let current = await client.startVerification(scope);
  tally.update(current);
  // The signal may have come while the verification was being started.
  if (cancelling.asked) await client.cancelVerification(current.id);
  while (current.state === 'running') {
    await new Promise<void>((resolve) => clock.after(POLL_MS, resolve));
    current = await client.verification(current.id);
    tally.update(current);
  }
}

/** Sums the results of all scopes of a command. */
class Tally implements ProgressSource {
  readonly #parts = new Map<string, Verification>();

  update(part: Verification): void {
    this.#parts.set(part.id, part);
  }

  /** The running verification, or the last one. */
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
    ...(chunks.skipped > 0
      ? [`${String(chunks.skipped)} were evicted before they could be checked`]
      : []),
    ...(failed ? ['not all could be checked'] : []),
  ].join('\n');
}

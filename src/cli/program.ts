/**
 * The command line: all commands, and the flags that they share. Called by main.ts; each command is
 * a file of commands/.
 */
import { Command, CommanderError } from 'commander';
import { type Clock, systemClock } from '../model/time.js';
import { completionCommand } from './commands/completion.js';
import { configCommand } from './commands/config.js';
import { doctorCommand } from './commands/doctor.js';
import { lsCommand } from './commands/ls.js';
import { pullCommand } from './commands/pull.js';
import { purgeCommand } from './commands/purge.js';
import { serveCommand } from './commands/serve.js';
import { statusCommand } from './commands/status.js';
import { validateCommand } from './commands/validate.js';
import { verifyCommand } from './commands/verify.js';
import { versionCommand } from './commands/version.js';
import type { CommandContext } from './context.js';
import { EXIT_OK, EXIT_USAGE, exitCodeHelp } from './exit-codes.js';
import { classifyFailure } from './failure.js';
import { globalOptions } from './options.js';
import type { Assemble } from './serve.js';
import type { Terminal } from './terminal.js';
import { readVersion } from './version.js';

/**
 * Runs one command to its end and resolves to the exit code. Never rejects.
 * @param args the command line without node and script.
 * @param loadAssemble imports `assemble` for the commands that need it; others start no threads.
 */
export async function runProgram(
  args: readonly string[],
  terminal: Terminal,
  loadAssemble: () => Promise<Assemble>,
  clock: Clock = systemClock,
): Promise<number> {
  let exitCode = EXIT_OK;
  const end = (code: number): void => {
    exitCode = code;
  };
  const program = buildProgram({ terminal, version: readVersion(), clock, loadAssemble, end });
  if (args.length === 0) {
    program.outputHelp();
    return EXIT_OK;
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has already written its message; help and version end with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
    const failure = classifyFailure(error);
    terminal.err(`${failure.message}\n`);
    return failure.exitCode;
  }
}

/** Builds the whole command line, for running commands, help and completion. */
export function buildProgram(context: CommandContext): Command {
  const { terminal, version } = context;
  const program = new Command('forebay')
    .description('An edge cache proxy for model weights: fetch once, verify, store, serve ranges.')
    .version(version, '-V, --version');
  for (const option of globalOptions()) program.addOption(option);
  const commands = [
    serveCommand(context),
    statusCommand(context),
    lsCommand(context),
    pullCommand(context),
    verifyCommand(context),
    purgeCommand(context),
    validateCommand(context),
    configCommand(context),
    doctorCommand(context),
    completionCommand(context, () => program),
    versionCommand(context),
  ];
  for (const command of commands) program.addCommand(command);
  program.addHelpText('after', exitCodeHelp());
  forEachCommand(program, (command) => {
    // Commander passes its settings only to commands that it creates itself.
    command
      .exitOverride()
      .showHelpAfterError('Run `forebay --help` or `forebay COMMAND --help` for help.')
      .configureHelp({ showGlobalOptions: true })
      .configureOutput({
        writeOut: (text) => {
          terminal.out(text);
        },
        writeErr: (text) => {
          terminal.err(text);
        },
      });
  });
  return program;
}

function forEachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) forEachCommand(child, visit);
}

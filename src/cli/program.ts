/**
 * The command line: which commands there are and what their flags mean. Called by main.ts; the
 * flags that set settings come from the schema.
 */
import { Command, CommanderError, Option } from 'commander';
import { catalog, CONFIG_FLAG } from '../config/catalog.js';
import { configDocument } from '../config/docs.js';
import { EXIT_OK, EXIT_USAGE } from './exit-codes.js';
import { classifyFailure } from './failure.js';
import { type Assemble, serve } from './serve.js';
import type { Terminal } from './terminal.js';
import { readVersion } from './version.js';

/**
 * Runs one command to its end and resolves to the exit code. Never rejects.
 * @param args the command line without node and script.
 * @param loadAssemble gives `assemble` when it is needed: other commands start no threads.
 */
export async function runProgram(
  args: readonly string[],
  terminal: Terminal,
  loadAssemble: () => Promise<Assemble>,
): Promise<number> {
  let exitCode = EXIT_OK;
  const program = buildProgram(terminal, async (flags) => {
    exitCode = await serve({ flags, version: readVersion(), terminal, loadAssemble });
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has written its message already; help and version end with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
    const failure = classifyFailure(error);
    terminal.err(`${failure.message}\n`);
    return failure.exitCode;
  }
}

function buildProgram(
  terminal: Terminal,
  onServe: (flags: Readonly<Record<string, string>>) => Promise<void>,
): Command {
  const program = new Command('forebay')
    .description('An edge cache proxy for model weights: fetch once, verify, store, serve ranges.')
    .version(readVersion(), '-V, --version')
    .exitOverride()
    .showHelpAfterError('Run `forebay --help` or `forebay serve --help` for what there is.')
    .configureOutput({
      writeOut: (text) => {
        terminal.out(text);
      },
      writeErr: (text) => {
        terminal.err(text);
      },
    });

  const serveCommand = program
    .command('serve')
    .description('Serve until SIGTERM or SIGINT.')
    .allowExcessArguments(false);
  const options = [configOption(), ...settingOptions()];
  for (const option of options) serveCommand.addOption(option);
  serveCommand.action(async (given: GivenOptions) => {
    await onServe(flagTexts(options, given));
  });

  program
    .command('version')
    .description('Print the version.')
    .action(() => {
      terminal.out(`${readVersion()}\n`);
    });

  program
    .command('config')
    .description('Tell of the configuration.')
    .command('doc')
    .description('Print docs/CONFIG.md: every setting with its default and meaning.')
    .action(() => {
      terminal.out(configDocument());
    });

  return program;
}

function configOption(): Option {
  return new Option(`${CONFIG_FLAG} <file>`, 'A YAML file with settings. See docs/CONFIG.md.');
}

/** One option for each setting that has a flag. */
function settingOptions(): Option[] {
  return catalog.flatMap(({ key, flag, type, meaning, defaultText }) => {
    if (flag === null) return [];
    if (isNegative(flag)) return [new Option(flag, `Sets ${key} to false. ${meaning}`)];
    const byDefault = defaultText === null ? '' : ` Default: ${defaultText}.`;
    // Alone a switch means true; FLAG=false overrides what a file or variable says.
    if (type === 'boolean') {
      return [new Option(`${flag} [boolean]`, `${meaning}${byDefault}`).preset('true')];
    }
    return [new Option(`${flag} <${argumentName(flag, type)}>`, `${meaning}${byDefault}`)];
  });
}

/** A flag that turns off what is on by default: it has no argument. */
function isNegative(flag: string): boolean {
  return flag.startsWith('--no-');
}

/** A short word for the flag's argument. */
function argumentName(flag: string, type: string): string {
  return /^[\w:]+$/.test(type) ? type.toLowerCase() : (flag.split('-').at(-1) ?? type);
}

/** The texts that were given, by flag with its dashes, as `loadConfig` takes them. */
function flagTexts(options: readonly Option[], given: GivenOptions): Record<string, string> {
  return Object.fromEntries(
    options.flatMap((option): [string, string][] => {
      const value = given[option.attributeName()];
      // A negative flag that was not given is `true`.
      if (value === undefined || value === true || option.long === undefined) return [];
      return [[option.long, String(value)]];
    }),
  );
}

/** Commander's values by attribute: texts, and booleans of flags without an argument. */
type GivenOptions = Readonly<Record<string, string | boolean>>;

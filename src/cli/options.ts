/**
 * The flags: those of every command, and those for settings, which are generated from the schema.
 * Used by program.ts and the commands.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { catalog, CONFIG_FLAG } from '../config/catalog.js';

/** The values of --progress. */
export const PROGRESS_MODES = ['auto', 'live', 'plain', 'none'] as const;
export type ProgressMode = (typeof PROGRESS_MODES)[number];

/** Flags of settings that every command has, because every command may write a log. */
const GLOBAL_SETTINGS: readonly string[] = ['--log-level', '--log-format'];

/** The flags of every command that are no settings. */
export interface CommonFlags {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly progress: ProgressMode;
}

/** Returns the flags that are allowed before and after every command's name. */
export function globalOptions(): readonly Option[] {
  return [
    new Option(`${CONFIG_FLAG} <file>`, 'A YAML file with settings. See docs/CONFIG.md.'),
    ...settingOptions((flag) => GLOBAL_SETTINGS.includes(flag)),
    new Option('--json', 'Print the result as JSON.'),
    new Option('--quiet', 'Print errors and the result of --json only.'),
    new Option(
      '--progress <mode>',
      'How to show progress on standard error: live, as plain lines, or not; auto: live on a terminal, else plain.',
    ).choices(PROGRESS_MODES),
    new Option('--no-progress', 'Show no progress.'),
  ];
}

/** Adds the flags of settings to a command that loads the configuration. */
export function withSettings(command: Command): Command {
  for (const option of settingOptions((flag) => !GLOBAL_SETTINGS.includes(flag))) {
    command.addOption(option);
  }
  return command;
}

/** Returns the given flags that are no settings. */
export function commonFlags(command: Command): CommonFlags {
  const given: Readonly<Record<string, unknown>> = command.optsWithGlobals();
  const progress = given['progress'];
  return {
    json: given['json'] === true,
    quiet: given['quiet'] === true,
    progress:
      progress === false ? 'none' : (PROGRESS_MODES.find((mode) => mode === progress) ?? 'auto'),
  };
}

/** Returns the given settings by flag, dashes included, as `loadConfig` takes them. */
export function settingTexts(command: Command): Readonly<Record<string, string>> {
  const given: Readonly<Record<string, unknown>> = command.optsWithGlobals();
  const flags = [CONFIG_FLAG, ...catalog.flatMap(({ flag }) => flag ?? [])];
  return Object.fromEntries(
    flags.flatMap((flag): [string, string][] => {
      const value = given[new Option(flag).attributeName()];
      // A negative flag that was not given is `true`.
      return typeof value === 'string' || value === false ? [[flag, String(value)]] : [];
    }),
  );
}

/** Returns a parser for an option's argument: a whole number of at least `min`. */
export function wholeNumber(min: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (value >= min) return value;
    throw new InvalidArgumentError(`Expected a whole number of at least ${String(min)}.`);
  };
}

/** Returns an option for each setting whose flag `includes` accepts. */
function settingOptions(includes: (flag: string) => boolean): Option[] {
  return catalog.flatMap(({ key, flag, type, meaning, defaultText }) => {
    if (flag === null || !includes(flag)) return [];
    if (flag.startsWith('--no-')) return [new Option(flag, `Sets ${key} to false. ${meaning}`)];
    const byDefault = defaultText === null ? '' : ` Default: ${defaultText}.`;
    // The flag alone means true; FLAG=false overrides a value from a file or variable.
    if (type === 'boolean') {
      return [new Option(`${flag} [boolean]`, `${meaning}${byDefault}`).preset('true')];
    }
    const option = new Option(`${flag} <${argumentName(flag, type)}>`, `${meaning}${byDefault}`);
    // Set directly, for completion only: the schema reports a wrong word.
    const words = choicesOf(type);
    if (words.length > 0) option.argChoices = words;
    return [option];
  });
}

/** Returns the words of a `choice`, parsed from its `type` text; none for other types. */
function choicesOf(type: string): string[] {
  return /^`\w+`(?:, `\w+`)*$/.test(type) ? type.replaceAll('`', '').split(', ') : [];
}

/** Returns a short name for the flag's argument. */
function argumentName(flag: string, type: string): string {
  return /^[\w:]+$/.test(type) ? type.toLowerCase() : (flag.split('-').at(-1) ?? type);
}

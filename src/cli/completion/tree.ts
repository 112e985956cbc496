/**
 * The command line as plain data: commands, words and options. The scripts of all three shells are
 * generated from it, so that they match the program. Pure.
 */
import type { Command, Option } from 'commander';

/** The argument of an option: none, a file name, one of some words, or any text. */
export type OptionArgument =
  | { readonly kind: 'none' | 'file' | 'text' }
  | { readonly kind: 'words'; readonly words: readonly string[] };

export interface CompletedOption {
  /** With its dashes. */
  readonly flag: string;
  readonly about: string;
  readonly argument: OptionArgument;
}

/** One possible word, with its meaning. */
export interface CompletedWord {
  readonly word: string;
  readonly about: string;
}

/** One command, and the words and options that may follow it. */
export interface CompletedCommand {
  /** Names after the program's: empty for the program itself, `config show` for a subcommand. */
  readonly path: string;
  /** Subcommands, or the possible values of an argument. */
  readonly words: readonly CompletedWord[];
  /** Its options, those of every command included. */
  readonly options: readonly CompletedOption[];
}

export interface CompletionTree {
  readonly program: string;
  readonly commands: readonly CompletedCommand[];
}

/** Returns the tree of a commander program. */
export function completionTree(program: Command): CompletionTree {
  const common = program.options.map(completedOption);
  return { program: program.name(), commands: visit(program, [], common) };
}

function visit(
  command: Command,
  path: readonly string[],
  common: readonly CompletedOption[],
): readonly CompletedCommand[] {
  const own = path.length === 0 ? [] : command.options.map(completedOption);
  const children = command.commands.map((child) => ({
    word: child.name(),
    about: firstSentence(child.description()),
  }));
  const choices = command.registeredArguments
    .flatMap(({ argChoices }) => argChoices ?? [])
    .map((word) => ({ word, about: '' }));
  const help = { flag: '--help', about: 'Show help', argument: { kind: 'none' } } as const;
  return [
    { path: path.join(' '), words: [...children, ...choices], options: [...own, ...common, help] },
    ...command.commands.flatMap((child) => visit(child, [...path, child.name()], common)),
  ];
}

function completedOption(option: Option): CompletedOption {
  return {
    flag: option.long ?? option.short ?? '',
    about: firstSentence(option.description),
    argument: argumentOf(option),
  };
}

function argumentOf({ flags, required, optional, argChoices }: Option): OptionArgument {
  if (!required && !optional) return { kind: 'none' };
  if (argChoices !== undefined) return { kind: 'words', words: argChoices };
  return { kind: /[<[](?:file|path)[\]>]/.test(flags) ? 'file' : 'text' };
}

/** Returns the first sentence: completion menus have one line for each word. */
function firstSentence(text: string): string {
  return (/^.*?(?=\.(?:\s|$)|$)/.exec(text)?.[0] ?? text).replace(/\s+/g, ' ');
}

/**
 * The command line as plain data, from which the scripts of the three shells are made. Pure.
 */
import type { Command, Option } from 'commander';

/** The argument of an option: none, a file, one of some words, or any text. */
export type OptionArgument =
  | { readonly kind: 'none' | 'file' | 'text' }
  | { readonly kind: 'words'; readonly words: readonly string[] };

export interface CompletedOption {
  /** With its dashes. */
  readonly flag: string;
  readonly about: string;
  readonly argument: OptionArgument;
}

/** One word with its meaning. */
export interface CompletedWord {
  readonly word: string;
  readonly about: string;
}

/** One command: its place, and what may follow it. */
export interface CompletedCommand {
  /** Names below the program's: empty for itself, `config show` for a command of a command. */
  readonly path: string;
  /** Commands, or the words that an argument may be. */
  readonly words: readonly CompletedWord[];
  /** Those of all commands included. */
  readonly options: readonly CompletedOption[];
}

export interface CompletionTree {
  readonly program: string;
  readonly commands: readonly CompletedCommand[];
}

/** Reads a commander program. */
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

/** Menus have a line for each word. */
function firstSentence(text: string): string {
  return (/^.*?(?=\.(?:\s|$)|$)/.exec(text)?.[0] ?? text).replace(/\s+/g, ' ');
}

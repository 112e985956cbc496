/** The completion script for bash 3.2 and later; macOS ships version 3.2. Pure. */
import type { CompletedOption, CompletionTree } from './tree.js';

/** Returns the script, which the user's shell sources. */
export function bashScript({ program, commands }: CompletionTree): string {
  const named = commands.filter(({ path }) => path !== '');
  const options = uniqueOptions(commands.flatMap((command) => command.options));
  const lines = [
    `# bash completion for ${program}; source it, or put it into bash-completion's directory.`,
    `_${program}() {`,
    `  local IFS=$'\\n' current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"`,
    '  local at="" skip="" index word words=""',
    '  COMPREPLY=()',
    '  # Readline makes three words of --option=value.',
    '  if [[ $current == "=" ]]; then current=""',
    '  elif [[ $previous == "=" ]]; then previous="${COMP_WORDS[COMP_CWORD-2]}"; fi',
    '  for ((index = 1; index < COMP_CWORD; index++)); do',
    '    word="${COMP_WORDS[index]}"',
    '    if [[ -n $skip ]]; then skip=""; continue; fi',
    '    case "$word" in',
    `      ${pattern(options.filter(({ argument }) => argument.kind !== 'none').map(({ flag }) => flag))}) skip=1; continue ;;`,
    '    esac',
    '    case "${at:+$at }$word" in',
    `      ${pattern(named.map(({ path }) => path))}) at="\${at:+$at }$word" ;;`,
    '    esac',
    '  done',
    '  case "$previous" in',
    ...options.flatMap(optionCase),
    '  esac',
    '  case "$at" in',
    ...commands.map(({ path, words, options: own }) => {
      const all = [...words.map(({ word }) => word), ...own.map(({ flag }) => flag)];
      return `    ${quoted(path)}) words=$'${all.join('\\n')}' ;;`;
    }),
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '}',
    `complete -F _${program} ${program}`,
    '',
  ];
  return lines.join('\n');
}

function optionCase({ flag, argument }: CompletedOption): readonly string[] {
  switch (argument.kind) {
    case 'none':
      return [];
    case 'text':
      return [`    ${flag}) return ;;`];
    case 'file':
      return [`    ${flag}) COMPREPLY=($(compgen -f -- "$current")); return ;;`];
    case 'words':
      return [
        `    ${flag}) COMPREPLY=($(compgen -W $'${argument.words.join('\\n')}' -- "$current")); return ;;`,
      ];
  }
}

function uniqueOptions(options: readonly CompletedOption[]): readonly CompletedOption[] {
  return [...new Map(options.map((option) => [option.flag, option])).values()];
}

function pattern(words: readonly string[]): string {
  return words.map(quoted).join('|');
}

function quoted(word: string): string {
  return `"${word}"`;
}

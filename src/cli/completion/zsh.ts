/** The completion script for zsh. Pure. */
import type { CompletedCommand, CompletedOption, CompletionTree } from './tree.js';

/** Returns the script, which is sourced after `compinit`, or put into `fpath` as `_forebay`. */
export function zshScript({ program, commands }: CompletionTree): string {
  const options = [
    ...new Map(
      commands.flatMap((command) => command.options).map((option) => [option.flag, option]),
    ).values(),
  ];
  const taking = options.filter(({ argument }) => argument.kind !== 'none');
  const paths = commands.filter(({ path }) => path !== '').map(({ path }) => `"${path}"`);
  const lines = [
    `#compdef ${program}`,
    `_${program}() {`,
    '  local at="" skip="" word index',
    '  local -a names flags',
    '  for ((index = 2; index < CURRENT; index++)); do',
    '    word="${words[index]}"',
    '    if [[ -n $skip ]]; then skip=""; continue; fi',
    '    case "$word" in',
    `      ${taking.map(({ flag }) => flag).join('|')}) skip=1; continue ;;`,
    '    esac',
    '    case "${at:+$at }$word" in',
    `      ${paths.join('|')}) at="\${at:+$at }$word" ;;`,
    '    esac',
    '  done',
    '  case "${words[CURRENT-1]}" in',
    ...taking.map(argumentCase),
    '  esac',
    '  case "$at" in',
    ...commands.flatMap(commandCase),
    '  esac',
    "  if (( $#names )); then _describe -t commands 'command' names; fi",
    "  _describe -o -t options 'option' flags",
    '}',
    `if [[ $funcstack[1] == "_${program}" ]]; then _${program} "$@"; else compdef _${program} ${program}; fi`,
    '',
  ];
  return lines.join('\n');
}

function argumentCase({ flag, argument }: CompletedOption): string {
  if (argument.kind === 'file') return `    ${flag}) _files; return ;;`;
  if (argument.kind === 'words') {
    return `    ${flag}) compadd -- ${argument.words.join(' ')}; return ;;`;
  }
  return `    ${flag}) _message 'value'; return ;;`;
}

function commandCase({ path, words, options }: CompletedCommand): readonly string[] {
  return [
    `    "${path}")`,
    `      names=(${words.map(({ word, about }) => described(word, about)).join(' ')})`,
    `      flags=(${options.map(({ flag, about }) => described(flag, about)).join(' ')})`,
    '      ;;',
  ];
}

/** Returns `'name:meaning'`, with the colons of the meaning escaped. */
function described(word: string, about: string): string {
  const text = about === '' ? word : `${word}:${about.replaceAll(':', '\\:')}`;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The completion script for fish. Pure. */
import type { CompletedCommand, CompletedOption, CompletionTree } from './tree.js';

/** Returns the script, which is sourced or put into fish's `completions` directory. */
export function fishScript({ program, commands }: CompletionTree): string {
  const taking = [
    ...new Set(
      commands.flatMap(({ options }) =>
        options.filter(({ argument }) => argument.kind !== 'none').map(({ flag }) => flag),
      ),
    ),
  ];
  const paths = commands.filter(({ path }) => path !== '').map(({ path }) => quoted(path));
  const lines = [
    `# fish completion for ${program}`,
    `function __${program}_at --argument-names wanted`,
    '  set -l at',
    '  set -l skip 0',
    '  for word in (commandline -opc)[2..-1]',
    '    if test $skip = 1; set skip 0; continue; end',
    `    if contains -- $word ${taking.join(' ')}; set skip 1; continue; end`,
    `    if contains -- (string join ' ' $at $word) ${paths.join(' ')}; set -a at $word; end`,
    '  end',
    "  set -l here (string join ' ' -- $at)",
    '  test "$here" = "$wanted"',
    'end',
    `complete -c ${program} -f`,
    ...commands.flatMap((command) => commandLines(program, command)),
    '',
  ];
  return lines.join('\n');
}

function commandLines(program: string, { path, words, options }: CompletedCommand): string[] {
  const here = `complete -c ${program} -n ${quoted(`__${program}_at ${quoted(path, '"')}`)}`;
  return [
    ...words.map(({ word, about }) => `${here} -a ${word}${meaning(about)}`),
    ...options.map((option) => `${here} ${optionText(option)}${meaning(option.about)}`),
  ];
}

function optionText({ flag, argument }: CompletedOption): string {
  const name = `-l ${flag.slice(2)}`;
  switch (argument.kind) {
    case 'none':
      return name;
    case 'text':
      return `${name} -x`;
    case 'file':
      return `${name} -r -F`;
    case 'words':
      return `${name} -x -a ${quoted(argument.words.join(' '))}`;
  }
}

function meaning(about: string): string {
  return about === '' ? '' : ` -d ${quoted(about)}`;
}

function quoted(text: string, quote = "'"): string {
  return `${quote}${text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`)}${quote}`;
}

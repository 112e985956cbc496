/** `forebay completion SHELL`: prints a completion script for a shell. */
import { Argument, Command } from 'commander';
import { bashScript } from '../completion/bash.js';
import { fishScript } from '../completion/fish.js';
import { completionTree, type CompletionTree } from '../completion/tree.js';
import { zshScript } from '../completion/zsh.js';
import type { CommandContext } from '../context.js';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const satisfies Record<
  string,
  (tree: CompletionTree) => string
>;

/** @param program returns the whole command line, which contains this command. */
export function completionCommand({ terminal }: CommandContext, program: () => Command): Command {
  return new Command('completion')
    .description('Print a completion script: source <(forebay completion bash).')
    .addArgument(new Argument('<shell>', 'The shell.').choices(Object.keys(SCRIPTS)))
    .allowExcessArguments(false)
    .action((shell: keyof typeof SCRIPTS) => {
      terminal.out(SCRIPTS[shell](completionTree(program())));
    });
}

/** `forebay config show` prints the configuration, `forebay config doc` the documentation of it. */
import { Command } from 'commander';
import { Document, isMap, isSeq, type Node } from 'yaml';
import { configDocument } from '../../config/docs.js';
import { loadWithSources } from '../../config/load.js';
import { formatKey, formatSource } from '../../config/problem.js';
import { nested, type ShownSetting, shownSettings } from '../../config/shown.js';
import type { CommandContext } from '../context.js';
import { commonFlags, settingTexts, withSettings } from '../options.js';
import { Output } from '../output.js';

export function configCommand(context: CommandContext): Command {
  return new Command('config')
    .description('Show the configuration, or document it.')
    .addCommand(showCommand(context))
    .addCommand(docCommand(context));
}

function showCommand({ terminal }: CommandContext): Command {
  return withSettings(new Command('show'))
    .description('Print the configuration that flags, environment and file result in, as YAML.')
    .option('--show-origin', 'Print the source of each value.')
    .allowExcessArguments(false)
    .action((options: { readonly showOrigin?: true }, command: Command) => {
      const output = new Output(terminal, commonFlags(command));
      const settings = shownSettings(
        loadWithSources({ flags: settingTexts(command), env: terminal.env }),
      );
      const withOrigin = options.showOrigin === true;
      output.result(withOrigin ? settings.map(withKey) : nested(settings), () =>
        yamlText(settings, withOrigin),
      );
    });
}

function docCommand({ terminal }: CommandContext): Command {
  return new Command('doc')
    .description('Print docs/CONFIG.md: every setting with its default and meaning.')
    .allowExcessArguments(false)
    .action(() => {
      terminal.out(configDocument());
    });
}

function withKey({ path, value, source }: ShownSetting): object {
  return { key: formatKey(path), value, source };
}

/** Formats the settings as YAML; `withOrigin` adds a comment with its source after each value. */
export function yamlText(settings: readonly ShownSetting[], withOrigin: boolean): string {
  const document = new Document(nested(settings));
  for (const { path, source } of withOrigin ? settings : []) {
    const node = document.getIn(path, true) as Node;
    // A comment of a block list or mapping would follow its last line: write it on one line.
    if (isSeq(node) || isMap(node)) node.flow = true;
    node.comment = ` ${formatSource(source)}`;
  }
  return document.toString({ lineWidth: 0 });
}

/** Parses a configuration file's text and locates each of its keys. Used by load.ts. */
import { isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { Problem, Source } from './problem.js';

/** A parsed file: its plain values, and their positions. */
export interface YamlFile {
  readonly values: unknown;
  /** Syntax errors. If there are any, `values` is `undefined`. */
  readonly problems: readonly Problem[];
  /** Returns the position of the key at `path`; if it is missing, that of the nearest parent. */
  locate(path: readonly PropertyKey[]): Source;
  /** Returns the position of the key at `path`; `undefined` when the file has no such key. */
  find(path: readonly PropertyKey[]): Source | undefined;
}

/** Parses YAML 1.2 text. Never throws. `file` is the name for messages. */
export function readYaml(text: string, file: string): YamlFile {
  const lineCounter = new LineCounter();
  // Pretty errors would quote the line, which may contain a secret.
  const document = parseDocument(text, { lineCounter, prettyErrors: false });

  const sourceAt = (offset: number): Source => {
    const { line, col } = lineCounter.linePos(offset);
    return { kind: 'file', file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };

  const problem = (found: string, offset: number): Problem => ({
    source: sourceAt(offset),
    key: '',
    found,
    expected: 'YAML',
    nearest: null,
  });

  const locate = (path: readonly PropertyKey[]): Source =>
    sourceAt(offsetOf(document.contents, path).offset);
  const find = (path: readonly PropertyKey[]): Source | undefined => {
    const { offset, found } = offsetOf(document.contents, path);
    return found ? sourceAt(offset) : undefined;
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ code, pos }) => problem(syntaxError(code), pos[0]));
    return { values: undefined, problems, locate, find };
  }
  try {
    return { values: document.toJS() as unknown, problems: [], locate, find };
  } catch {
    // The file has an alias without an anchor, or more nested aliases than the parser follows.
    const found = 'an alias that cannot be followed';
    return { values: undefined, problems: [problem(found, 0)], locate, find };
  }
}

/** Returns `bad indent` for `BAD_INDENT`. The parser's own messages may quote the file. */
function syntaxError(code: string): string {
  return code.toLowerCase().replaceAll('_', ' ');
}

/** Returns the offset of the key at `path`, or of its nearest parent that exists. */
function offsetOf(
  root: Node | null,
  path: readonly PropertyKey[],
): { readonly offset: number; readonly found: boolean } {
  let node = root;
  let offset = root?.range?.[0] ?? 0;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === part);
      if (pair === undefined || !isNode(pair.key)) return { offset, found: false };
      offset = pair.key.range?.[0] ?? offset;
      node = isNode(pair.value) ? pair.value : null;
    } else {
      const item =
        typeof part === 'number' && node !== null && 'items' in node ? node.items[part] : undefined;
      if (!isNode(item)) return { offset, found: false };
      offset = item.range?.[0] ?? offset;
      node = item;
    }
  }
  return { offset, found: true };
}

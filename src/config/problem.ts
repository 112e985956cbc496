/** Problems of a configuration, and the error that reports all of them to the operator. */

/** The source of a value. */
export type Source =
  | { readonly kind: 'file'; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: 'flag'; readonly flag: string }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'default' };

export interface Problem {
  readonly source: Source;
  /** The key, as `cache.capacity` or `origins[0].url`; empty for the file as a whole. */
  readonly key: string;
  /** Completes "found ...": the value, shortened and without secrets. */
  readonly found: string;
  /** Completes "expected ...". */
  readonly expected: string;
  /** The existing key that is most similar to an unknown one. */
  readonly nearest: string | null;
}

/** The error of `loadConfig`, with all problems at once. Its message has a line for each. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** Formats one problem as a line: `file:line:column: key: found ..., expected ...`. */
export function formatProblem(problem: Problem): string {
  const key = problem.key === '' ? '' : `${problem.key}: `;
  const nearest = problem.nearest === null ? '' : ` (did you mean \`${problem.nearest}\`?)`;
  return `${formatSource(problem.source)}: ${key}found ${problem.found}, expected ${problem.expected}${nearest}`;
}

/** Sorts problems by position in the file; those of flags and variables follow in their order. */
export function inReadingOrder(problems: readonly Problem[]): readonly Problem[] {
  const place = ({ source }: Problem): readonly [number, number] =>
    source.kind === 'file' ? [source.line, source.column] : [Infinity, 0];
  return [...problems].sort((one, other) => {
    const [a, b] = [place(one), place(other)];
    return a[0] === b[0] ? a[1] - b[1] : a[0] - b[0];
  });
}

/** Formats the source of a value: `file:line:column`, a flag, a variable, or `default`. */
export function formatSource(source: Source): string {
  switch (source.kind) {
    case 'file':
      return `${source.file}:${String(source.line)}:${String(source.column)}`;
    case 'flag':
      return source.flag;
    case 'env':
      return source.name;
    case 'default':
      return 'default';
  }
}

/** Formats a path of keys and list indices: `origins[0].url`. */
export function formatKey(path: readonly PropertyKey[]): string {
  let key = '';
  for (const part of path) {
    if (typeof part === 'number') key += `[${String(part)}]`;
    else key += key === '' ? String(part) : `.${String(part)}`;
  }
  return key;
}

/** Longer values are cut, so that a message stays on one line. */
const MAX_FOUND_CHARACTERS = 60;

/**
 * The parts of a URL that may contain secrets: `//user:password@`, and a query with all that
 * follows.
 */
const URL_SECRETS = /\/\/[^/@]*@|\?.*/g;

/** Describes a value for a message. Header values are never shown, as they are often secret. */
export function describeFound(value: unknown, path: readonly PropertyKey[]): string {
  if (value === undefined || value === null) return 'nothing';
  if (path[0] === 'origins' && path.includes('headers')) return 'a hidden value';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value !== 'string') return JSON.stringify(value);
  // A proxy URL may lack the scheme before its user name.
  if (path.at(-1) === 'proxy' && value.includes('@')) {
    return describeFound(`...${value.slice(value.lastIndexOf('@'))}`, []);
  }
  const open = value.replace(URL_SECRETS, (secret) => (secret.startsWith('?') ? '?...' : '//...@'));
  const shown =
    open.length > MAX_FOUND_CHARACTERS ? `${open.slice(0, MAX_FOUND_CHARACTERS)}...` : open;
  return JSON.stringify(shown);
}

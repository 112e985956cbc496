/**
 * Selects files of a model by shell patterns. As in the Hub's own clients, `*` also matches `/`.
 * Pure; used by admin/hub-model.
 */

export interface NamePatterns {
  /** A file is selected if one of these matches it; an empty list matches every file. */
  readonly include: readonly string[];
  /** A file that one of these matches is not selected. */
  readonly exclude: readonly string[];
}

/** True when the patterns select a file's path. */
export function isWanted(path: string, { include, exclude }: NamePatterns): boolean {
  const included = include.length === 0 || include.some((pattern) => matches(pattern, path));
  return included && !exclude.some((pattern) => matches(pattern, path));
}

type Token =
  | { readonly kind: 'star' }
  /** One character in a set, or not in it: `?` is one that is not in the empty set. */
  | { readonly kind: 'one'; readonly of: ReadonlySet<string>; readonly isNegated: boolean };

/**
 * True when `pattern` matches `path`: `*` matches any characters, `?` one, `[a-c]` one of a set and
 * `[!a-c]` one outside it; a pattern that ends with `/` matches everything below. Takes at most the
 * product of both lengths, because only the last star is ever tried again.
 */
function matches(pattern: string, path: string): boolean {
  const tokens = tokenise(pattern.endsWith('/') ? `${pattern}*` : pattern);
  const characters = Array.from(path);
  let token = 0;
  let at = 0;
  let star: { readonly after: number; from: number } | undefined;
  while (at < characters.length) {
    const next = tokens[token];
    if (next?.kind === 'star') {
      token += 1;
      star = { after: token, from: at };
    } else if (next?.of.has(characters[at] ?? '') === !next?.isNegated) {
      token += 1;
      at += 1;
    } else if (star !== undefined) {
      star.from += 1;
      token = star.after;
      at = star.from;
    } else {
      return false;
    }
  }
  return tokens.slice(token).every(({ kind }) => kind === 'star');
}

function tokenise(pattern: string): readonly Token[] {
  const tokens: Token[] = [];
  const characters = Array.from(pattern);
  const lastClose = characters.lastIndexOf(']');
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? '';
    const close = character === '[' && at < lastClose ? setEnd(characters, at + 1) : -1;
    if (character === '*') {
      if (tokens.at(-1)?.kind !== 'star') tokens.push({ kind: 'star' });
    } else if (character === '?') tokens.push({ kind: 'one', of: new Set(), isNegated: true });
    else if (close === -1) tokens.push({ kind: 'one', of: new Set(character), isNegated: false });
    else {
      const isNegated = characters[at + 1] === '!';
      const set = characters.slice(at + (isNegated ? 2 : 1), close).join('');
      tokens.push({ kind: 'one', of: membersOf(set), isNegated });
      at = close;
    }
  }
  return tokens;
}

/**
 * Returns the index of the `]` that closes the set beginning at `from`; -1 when none does. A `]` at
 * its beginning is a member.
 */
function setEnd(characters: readonly string[], from: number): number {
  return characters.indexOf(']', from + (characters[from] === '!' ? 2 : 1));
}

/** Returns the characters of a set such as `a-cx`. Ranges are of ASCII alone. */
function membersOf(set: string): ReadonlySet<string> {
  const members = new Set<string>();
  for (const [text, first, last] of set.matchAll(/([!-~])-([!-~])|./gsu)) {
    if (first === undefined || last === undefined) members.add(text);
    else {
      for (let code = first.charCodeAt(0); code <= last.charCodeAt(0); code += 1) {
        members.add(String.fromCharCode(code));
      }
    }
  }
  return members;
}

/**
 * Reads the next page of a listing from the Link field (RFC 8288 section 3). Used by hub/link for
 * clients, and by admin/hub-model for the listing of a model. Pure.
 */
import { readQuoted, skipOws, tokenEnd } from './field-syntax.js';

/** Returns the target of the first link of relation `next`, unparsed; `undefined` without one. */
export function nextLink(field: string): string | undefined {
  for (let from = field.indexOf('<'); from !== -1;) {
    const close = field.indexOf('>', from);
    if (close === -1) return undefined;
    const { isNext, end } = readParameters(field, close + 1);
    if (isNext) return field.slice(from + 1, close);
    from = field.indexOf('<', end);
  }
  return undefined;
}

/**
 * Reads the parameters of one link. Returns whether its first `rel` contains `next`, and the end of
 * the parameters.
 */
function readParameters(field: string, from: number): { isNext: boolean; end: number } {
  let rel: string | undefined;
  let at = skipOws(field, from);
  while (field[at] === ';') {
    const name = skipOws(field, at + 1);
    const end = tokenEnd(field, name);
    at = skipOws(field, end);
    if (field[at] !== '=') continue;
    const value = readValue(field, skipOws(field, at + 1));
    if (field.slice(name, end).toLowerCase() === 'rel') rel ??= value.text;
    at = skipOws(field, value.end);
  }
  // Relations are separated by spaces and case-insensitive.
  return { isNext: rel?.toLowerCase().split(' ').includes('next') ?? false, end: at };
}

/** Reads a quoted-string, or the text up to the next separator. */
function readValue(field: string, from: number): { text: string; end: number } {
  const quoted = readQuoted(field, from);
  if (quoted !== undefined) return { text: quoted.value, end: quoted.end };
  let end = from;
  while (end < field.length && !SEPARATORS.includes(field[end] ?? '')) end += 1;
  return { text: field.slice(from, end), end };
}

const SEPARATORS = ' \t;,<';

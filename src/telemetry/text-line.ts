/**
 * Log lines for people at a terminal, `log.format: text`: `TIME LEVEL message key=value ...`. Made
 * from pino's JSON lines, so that both formats show and hide the same. Used by log.ts.
 */

/** As wide as the longest level name. */
const LEVEL_WIDTH = 5;

/**
 * What needs no quotes: no spaces, quotes or controls, and nothing that could look like the next
 * field.
 */
const BARE = /^[\w./:@%+~*,;()[\]-]+$/;

/** DEL and the C1 controls, which JSON leaves as they are and terminals obey. */
const RAW_CONTROLS = /[\x7f-\x9f]/g;

/** One line of text with its newline, from one JSON line. Other text is passed on unchanged. */
export function textLine(json: string): string {
  const entry = parse(json);
  if (entry === undefined) return json;
  const { time, level, msg, ...fields } = entry;
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${shown(value)}`);
  const label = shown(level).toUpperCase().padEnd(LEVEL_WIDTH);
  return `${[shown(time), label, message(msg), ...pairs].join(' ')}\n`;
}

function parse(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Messages are our own words: spaces in them need no quotes. */
function message(value: unknown): string {
  return typeof value === 'string' && /^[\x20-\x7e]*$/.test(value) ? value : shown(value);
}

function shown(value: unknown): string {
  if (typeof value === 'string' && BARE.test(value)) return value;
  if (value === undefined) return '-';
  return JSON.stringify(value).replace(
    RAW_CONTROLS,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * The line that checks itself: `<16 hex checksum> <json>\n`. Manifests are a sequence of them, a
 * response record is one. The checksum is the first 64 bits of SHA-256 over the JSON's bytes: it is
 * there against torn writes and rotten blocks, not against an enemy, who cannot enter a 0700
 * directory.
 */
import { hash } from 'node:crypto';

const CHECKSUM_DIGITS = 16;
const SPACE = 0x20;
const NEWLINE = 0x0a;

/** One line of the parsed file. `value` is `undefined` if its checksum is wrong. */
export interface Line {
  readonly value: unknown;
  /** Bytes of the line, its newline included. */
  readonly lengthBytes: number;
}

/** Writes `value` as one line. JSON never contains a raw newline. */
export function encodeLine(value: unknown): Buffer {
  const json = JSON.stringify(value);
  return Buffer.from(`${checksum(json)} ${json}\n`);
}

/**
 * Cuts `bytes` into lines. Whatever follows the last newline is a torn write and no line at all.
 * Never throws.
 */
export function* decodeLines(bytes: Buffer): Generator<Line, void, undefined> {
  let start = 0;
  for (;;) {
    const end = bytes.indexOf(NEWLINE, start);
    if (end === -1) return;
    yield { value: decodeLine(bytes.subarray(start, end)), lengthBytes: end + 1 - start };
    start = end + 1;
  }
}

function decodeLine(line: Buffer): unknown {
  if (line[CHECKSUM_DIGITS] !== SPACE) return undefined;
  const json = line.subarray(CHECKSUM_DIGITS + 1);
  if (line.toString('latin1', 0, CHECKSUM_DIGITS) !== checksum(json)) return undefined;
  try {
    return JSON.parse(json.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

function checksum(json: string | Buffer): string {
  return hash('sha256', json, 'hex').slice(0, CHECKSUM_DIGITS);
}

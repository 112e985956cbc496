/**
 * A line with a checksum: `<16 hex checksum> <json>\n`. A manifest is a sequence of such lines, a
 * response record is one. The checksum is the first 64 bits of SHA-256 over the JSON's bytes: it
 * detects torn writes and rotten blocks. It need not resist attackers, who cannot enter a 0700
 * directory.
 */
import { hash } from 'node:crypto';

const CHECKSUM_DIGITS = 16;
const SPACE = 0x20;
const NEWLINE = 0x0a;

/** One line of a parsed file. `value` is `undefined` when its checksum or JSON is wrong. */
export interface Line {
  readonly value: unknown;
  /** Bytes of the line, its newline included. */
  readonly lengthBytes: number;
}

/** Encodes `value` as one line. JSON never contains a raw newline. */
export function encodeLine(value: unknown): Buffer {
  const json = JSON.stringify(value);
  return Buffer.from(`${checksum(json)} ${json}\n`);
}

/**
 * Splits `bytes` into lines. Bytes after the last newline are a torn write and are ignored. Never
 * throws.
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

/**
 * The messages of the native hit server to JavaScript: kinds of notices, and the layout of a
 * record. The numbers are those of native/core/hit_outbox.h and hit_server.cc; a test compares
 * them. Used by compute/hit-server.
 */
import type { ByteRange } from '../model/byte-range.js';

/** The kinds of notices: `HitNoticeKind` in C++. */
export const NOTICE = {
  handedOver: 1,
  asks: 2,
  partial: 3,
  fileClosed: 4,
  cold: 5,
} as const;

/** The numbers of a notice: kind, connection, token, start, end. */
export const NOTICE_NUMBERS = 5;

/**
 * The bits of a record's `flags`, which also contains the request id's length * `ID_LENGTH_UNIT`.
 */
export const FLAG = { head: 1, whole: 2, range: 4, openRange: 8 } as const;

export const ID_LENGTH_UNIT = 256;

/** The length of a record. */
export const RECORD_BYTES = 128;

/** The numbers of a record in order, as doubles from its first byte. */
export const RECORD_FIELDS = [
  'connection',
  'token',
  'flags',
  'first',
  'last',
  'body_bytes',
  'body_bytes_sent',
  'wait_ms',
] as const;

/** The offset of the request's id, after the numbers. */
export const ID_OFFSET = RECORD_FIELDS.length * Float64Array.BYTES_PER_ELEMENT;

const RECORD_NUMBERS = RECORD_BYTES / Float64Array.BYTES_PER_ELEMENT;

/** An answer that was sent, fully or partly. */
export interface HitRecord {
  readonly connection: number;
  /** The number under which the target was defined. */
  readonly token: number;
  readonly isHead: boolean;
  /** True for a 200 with the whole representation. */
  readonly isWhole: boolean;
  /** The requested range, both ends inclusive; `last` is `null` for an open end. */
  readonly range: { readonly first: number; readonly last: number | null } | null;
  readonly bodyBytes: number;
  readonly bodyBytesSent: number;
  /** From the request's arrival to its last byte, in ms. */
  readonly waitMs: number;
  readonly requestId: string;
}

/** Parses record `index` in `bytes`; `numbers` is `numbersOf(bytes)`. */
export function readRecord(bytes: Buffer, numbers: Float64Array, index: number): HitRecord {
  const at = index * RECORD_NUMBERS;
  const flags = numbers[at + 2] ?? 0;
  const isOpen = (flags & FLAG.openRange) !== 0;
  const range = { first: numbers[at + 3] ?? 0, last: isOpen ? null : (numbers[at + 4] ?? 0) };
  const id = index * RECORD_BYTES + ID_OFFSET;
  return {
    connection: numbers[at] ?? 0,
    token: numbers[at + 1] ?? 0,
    isHead: (flags & FLAG.head) !== 0,
    isWhole: (flags & FLAG.whole) !== 0,
    range: (flags & FLAG.range) === 0 ? null : range,
    bodyBytes: numbers[at + 5] ?? 0,
    bodyBytesSent: numbers[at + 6] ?? 0,
    waitMs: numbers[at + 7] ?? 0,
    requestId: bytes.toString('latin1', id, id + Math.floor(flags / ID_LENGTH_UNIT)),
  };
}

/** Returns a view of the records' bytes as numbers, without a copy. */
export function numbersOf({ buffer, byteOffset, length }: Buffer): Float64Array {
  return new Float64Array(buffer, byteOffset, length / Float64Array.BYTES_PER_ELEMENT);
}

/** One notice of those that `NativeHitServer.take` returns. */
export interface Notice {
  readonly kind: number;
  readonly connection: number;
  readonly token: number;
  readonly bytes: ByteRange;
}

/** Yields the notices in `numbers`, in order. */
export function* readNotices(numbers: Float64Array): Generator<Notice> {
  for (let at = 0; at < numbers.length; at += NOTICE_NUMBERS) {
    const [kind = 0, connection = 0, token = 0, start = 0, end = 0] = numbers.subarray(
      at,
      at + NOTICE_NUMBERS,
    );
    yield { kind, connection, token, bytes: { start, end } };
  }
}

/**
 * The two kinds of body that an `OpenTask` reads, behind one interface: the range of a 206 into one
 * slot, or a stream into many. Each knows when it is whole and how it goes on after a break.
 */
import type { ChunkSlot } from '../compute/protocol.js';
import type { Decodable } from '../model/content-coding.js';
import type { OriginHead } from '../model/fetch.js';
import { isStrong, validatorOf } from '../model/validator.js';
import type { ForebayError } from '../model/errors.js';
import { fetchChunk } from './chunk-fetch.js';
import { ChunkWriter, type WriterContext } from './chunk-writer.js';
import { internalFault } from './faults.js';
import type { OpenChannel } from './open-channel.js';
import type { OpenVerdict } from './open-verdict.js';
import { fetchRange, type FetchSession, type RangeOutcome } from './range-fetch.js';
import type { BodySource } from './response-sink.js';
import { StreamWriter } from './stream-writer.js';

export interface OpenBody extends BodySource {
  /** True when every byte is there, however the connection ended. */
  readonly whole: boolean;
  /**
   * Fetches the rest, after `brokenBy` where something broke the body off; `null` where the
   * representation has no strong validator or length to know it by.
   */
  readonly resume:
    ((brokenBy: ForebayError | null, session: FetchSession) => Promise<RangeOutcome>) | null;
  /** The main thread answered `stop`. */
  readonly stopped: boolean;
  readonly cancelled: boolean;
  readonly diskFailure: string | null;
  /** Ends the last chunk and posts it; returns the representation's length. */
  finish(): number;
  abandon(): void;
}

export interface OpenBodyDeps {
  readonly head: OriginHead;
  readonly slot: ChunkSlot;
  readonly buffer: Uint8Array;
  readonly channel: OpenChannel;
  readonly context: WriterContext;
}

/**
 * The body of a 206 to `[asked.start, asked.end)`: one slot, which may begin before it; the bytes
 * before it belong to the rest. Throws `internal` for a wrong slot.
 */
export function rangeBody(
  parts: OpenBodyDeps,
  verdict: Extract<OpenVerdict, { kind: 'range' }> & { readonly completeLength: number },
  requestedEnd: number,
): OpenBody {
  const { head, slot, buffer, channel, context } = parts;
  const { range, completeLength } = verdict;
  const end = Math.min(requestedEnd, completeLength);
  const wholeObject = slot.start === 0 && slot.lengthBytes === completeLength;
  const writer = new ChunkWriter(slot, { wholeObject }, buffer, context);
  if (writer.offset !== range.start || writer.partEnd !== end) {
    throw internalFault(`not the slot of bytes ${String(range.start)} to ${String(end)}`);
  }
  const validator = validatorOf(head.headers);
  return {
    taker: writer,
    plan: { skip: 0, bodyEnd: range.end, wantedEnd: range.end },
    get whole() {
      return writer.full;
    },
    resume: isStrong(validator)
      ? (brokenBy, session) => {
          const known = { completeLength, validator };
          const slice = { patience: 0, maxSkipBytes: 0 };
          return fetchChunk({ known, slice, brokenBy }, writer, session);
        }
      : null,
    stopped: false,
    get cancelled() {
      return writer.cancelled;
    },
    get diskFailure() {
      return writer.diskFailure;
    },
    finish: () => {
      channel.tell({ kind: 'wrote', chunk: writer.finish(wholeObject) });
      return completeLength;
    },
    abandon: () => {
      writer.abandon();
    },
  };
}

/** A body from byte 0, cut into chunks. Throws `internal` for a wrong slot. */
export function streamBody(
  parts: OpenBodyDeps,
  content: { readonly lengthBytes: number | null; readonly coding: Decodable | '' },
  chunkSizeBytes: number,
): OpenBody {
  const { head, slot, buffer, channel, context } = parts;
  const { lengthBytes, coding } = content;
  const writer = new StreamWriter({ chunkSizeBytes, lengthBytes }, slot, buffer, channel, context);
  const validator = validatorOf(head.headers);
  // Positions under a content coding cannot be requested.
  const resumable =
    head.status === 200 && lengthBytes !== null && isStrong(validator) && coding === '';
  return {
    taker: writer,
    plan: {
      skip: 0,
      bodyEnd: lengthBytes,
      wantedEnd: lengthBytes,
      ...(coding !== '' && { coding }),
    },
    get whole() {
      return writer.offset === lengthBytes;
    },
    // An origin that streams may know no ranges: a 200 is read again from its beginning.
    resume: resumable
      ? (brokenBy, session) => {
          const known = { completeLength: lengthBytes, validator };
          const slice = { patience: 0, maxSkipBytes: lengthBytes };
          return fetchRange({ end: lengthBytes, known, slice, brokenBy }, writer, session);
        }
      : null,
    get stopped() {
      return writer.stopped;
    },
    get cancelled() {
      return writer.cancelled;
    },
    get diskFailure() {
      return writer.diskFailure;
    },
    finish: () => {
      writer.end();
      return writer.offset;
    },
    abandon: () => {
      writer.abandon();
    },
  };
}

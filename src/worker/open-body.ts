/**
 * The two kinds of body that an `OpenTask` reads, behind one interface: a range of a 206 into one
 * slot, or a stream into many slots. Each kind decides when it is whole and how to resume after the
 * connection broke. Used by open.
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
  /** True when every byte has been written, however the connection ended. */
  readonly whole: boolean;
  /**
   * Fetches the rest. `brokenBy`: the error that broke the body off; `null` if it ended early.
   * The function is `null` where the representation has no strong validator or no length, so that a
   * further response could not be matched to it.
   */
  readonly resume:
    ((brokenBy: ForebayError | null, session: FetchSession) => Promise<RangeOutcome>) | null;
  /** True when the main thread replied `stop`. */
  readonly stopped: boolean;
  readonly cancelled: boolean;
  readonly diskFailure: string | null;
  /** Ends the last chunk and posts it. Returns the representation's length. */
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
 * Returns the body of a 206 that is written into one slot. The slot may start before the requested
 * range; `resume` fetches the bytes before it. `requestedEnd`: the end of the requested range.
 * Throws `internal` for a slot that does not match the range.
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
    const bytes = `${String(range.start)} to ${String(end)}`;
    throw internalFault(`the main thread sent a slot that is not for bytes ${bytes}`);
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

/**
 * Returns a body from byte 0 that is cut into chunks. Throws `internal` for a slot that does not
 * match.
 */
export function streamBody(
  parts: OpenBodyDeps,
  content: { readonly lengthBytes: number | null; readonly coding: Decodable | '' },
  chunkSizeBytes: number,
): OpenBody {
  const { head, slot, buffer, channel, context } = parts;
  const { lengthBytes, coding } = content;
  const writer = new StreamWriter({ chunkSizeBytes, lengthBytes }, slot, buffer, channel, context);
  const validator = validatorOf(head.headers);
  // A range request addresses the coded form, not the plain bytes.
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
    // The origin may not support ranges: a 200 is then read again from its beginning.
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

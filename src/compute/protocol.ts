/**
 * The task protocol between the main thread and the workers: plain data that survives structured
 * clone. The main thread decides (cache/), the pools carry the tasks (compute/), and the workers
 * move the bytes (worker/).
 */
import type { MessagePort } from 'node:worker_threads';
import type { ErrorReport } from '../model/errors.js';
import type { Decodable } from '../model/content-coding.js';
import type { FetchLimits, FetchUrl, OriginHead } from '../model/fetch.js';
import type { Validator } from '../model/validator.js';
import type { ObjectOffset } from '../model/offset.js';

/**
 * The destination of one chunk: an open descriptor, and the shared state of its growing file, which
 * contains the order of writing. The worker advances the watermark, completes it when the chunk is
 * written (unless withheld), and fails it when cancelled. After any other result the main thread
 * fails it or has the slot filled again.
 */
export interface ChunkSlot {
  readonly fd: number;
  readonly index: number;
  /** Absolute offset of the chunk in the object. */
  readonly start: ObjectOffset;
  /**
   * The expected length: exact for a ranged fill, an upper bound for a stream of unknown length.
   */
  readonly lengthBytes: number;
  /** The state of a `SharedWatermark`: its control word cancels the task. */
  readonly watermark: SharedArrayBuffer;
  /** True: hash and write, but leave `available` at 0; the main thread releases after its check. */
  readonly withheld: boolean;
  /** Known group ids of a refetch: the bytes of a group become available only when it matches. */
  readonly expectedGroupIds: Uint8Array | null;
}

/** The worker's measurements of a fetch, for metrics and the access log. */
export interface FetchStats {
  readonly originBytes: number;
  /** The status of each response, in order. */
  readonly statuses: readonly number[];
  /** The reason of each retry, in order (an `ErrorCode`). */
  readonly retries: readonly string[];
  readonly stalls: number;
}

/** The ids of a completely written chunk. */
export interface WrittenChunk {
  readonly index: number;
  readonly lengthBytes: number;
  readonly groupIds: Uint8Array;
  /** 64 hex digits: the subtree's chaining value, or the root for an object of one chunk. */
  readonly chunkId: string;
  /** The errno of a disk failure, after which a memfd replaced the file; `null` without one. */
  readonly diskFailure: string | null;
}

/** Fetches one chunk of an object whose length and validator are known. */
export interface FillTask {
  readonly kind: 'fill';
  readonly lane: number;
  readonly target: FetchUrl;
  readonly slot: ChunkSlot;
  readonly completeLength: number;
  /** The strong validator that every response must carry. */
  readonly validator: Validator;
  readonly limits: FetchLimits;
}

/** The report of every fetch, successful or not. */
export interface FetchReport {
  readonly stats: FetchStats;
  /**
   * The errno of a disk failure in the slot that the task was writing when it ended; `null` without
   * one. Then a memfd replaced the file and was charged to the budget: report it to the slot's
   * draft.
   */
  readonly diskFailure: string | null;
}

export type FillResult = FetchReport &
  (
    | { readonly kind: 'filled'; readonly chunk: WrittenChunk }
    /** A 3xx, 401 or 403: the main thread resolves the redirect again. */
    | { readonly kind: 'resolve-again'; readonly head: OriginHead }
    /** Two consecutive responses carried the same new validator or length: a new generation. */
    | { readonly kind: 'changed'; readonly head: OriginHead }
    /** Two consecutive responses to a range carried the whole representation. */
    | { readonly kind: 'no-ranges'; readonly head: OriginHead }
    /** The bytes do not match the slot's expected ids. */
    | { readonly kind: 'corrupt' }
    | { readonly kind: 'failed'; readonly error: ErrorReport }
  );

/**
 * The first fetch of a URL, its revalidation, or a stream of the whole. The worker sends one GET,
 * posts the head on `port`, and waits for slots, so that the main thread knows the head before a
 * body byte is read.
 */
export interface OpenTask {
  readonly kind: 'open';
  readonly lane: number;
  readonly target: FetchUrl;
  /** The range to request; `null` requests the whole representation. */
  readonly range: { readonly start: number; readonly end: number } | null;
  /** `if-none-match` or `if-modified-since` when revalidating. */
  readonly conditions: Readonly<Record<string, string>>;
  readonly chunkSizeBytes: number;
  readonly limits: FetchLimits;
  /** The state of a `SharedWatermark`, whose control word cancels the task. */
  readonly control: SharedArrayBuffer;
  /** Transferred to the worker; carries `OpenEvent` to the main thread and `OpenReply` back. */
  readonly port: MessagePort;
}

/**
 * Messages from the worker to the main thread, in this order: (interim | trouble)*, head, (want,
 * wrote)*. Each `want` awaits a reply, and so does a head with content (not 1xx, 3xx, 401, 403,
 * 416). Events and the result take different ports, so that the result may overtake the last event.
 * The worker closes `port` after the last event: wait for its `close`.
 */
export type OpenEvent =
  /** An interim response, other than 100 and 101. */
  | { readonly kind: 'interim'; readonly head: OriginHead }
  /** An attempt failed before a usable response; another follows. */
  | { readonly kind: 'trouble'; readonly error: ErrorReport }
  | { readonly kind: 'head'; readonly head: OriginHead }
  /** The stream reached chunk `index`, and pauses the connection until it gets a slot. */
  | { readonly kind: 'want'; readonly index: number }
  | { readonly kind: 'wrote'; readonly chunk: WrittenChunk };

/** The main thread's knowledge of a stream's content beyond its head. */
export interface KnownContent {
  readonly lengthBytes: number;
  /** The content coding that the worker must decode; empty for none. */
  readonly coding: Decodable | '';
}

export type OpenReply =
  /**
   * Read the body, and write the next chunk to this slot. A 206's body ends with its chunk; a 200's
   * may need more slots.
   */
  | { readonly kind: 'slot'; readonly slot: ChunkSlot; readonly content?: KnownContent }
  /** Close the connection: the (rest of the) body is not needed. */
  | { readonly kind: 'stop' };

export type OpenResult = FetchReport &
  /** The body was read to its end. `lengthBytes`, for a 200, is the representation's length. */
  (
    | { readonly kind: 'complete'; readonly lengthBytes: number }
    /** The main thread stopped the task, or the head has no content. */
    | { readonly kind: 'stopped' }
    | { readonly kind: 'failed'; readonly error: ErrorReport }
  );

/** Compares a held chunk with its recorded ids, group by group, before they are sent. */
export interface VerifyTask {
  readonly kind: 'verify';
  readonly fd: number;
  /** Absolute offset of the chunk in the object. */
  readonly start: number;
  readonly lengthBytes: number;
  readonly groupIds: Uint8Array;
  /** True when the object is this chunk alone: then the id of an only group is the root. */
  readonly wholeObject: boolean;
  readonly watermark: SharedArrayBuffer;
}

export type VerifyResult =
  | { readonly kind: 'verified' }
  | { readonly kind: 'mismatch'; readonly group: number }
  | { readonly kind: 'unreadable'; readonly errno: string };

/** The hash that a stream computes. git's hash begins with the object's length. */
export type StreamHash =
  | { readonly algorithm: 'sha256' }
  | { readonly algorithm: 'git-sha1'; readonly objectLengthBytes: number };

/**
 * One step of a sequential hash that follows an object's fills. `offset` is the number of bytes
 * hashed before: a worker that was replaced in between lacks them and rejects the step.
 */
export type HashTask =
  | {
      readonly kind: 'hash-update';
      readonly stream: number;
      readonly hash: StreamHash;
      readonly offset: number;
      readonly fd: number;
      readonly lengthBytes: number;
    }
  | {
      readonly kind: 'hash-finish';
      readonly stream: number;
      readonly hash: StreamHash;
      readonly offset: number;
    }
  | { readonly kind: 'hash-forget'; readonly stream: number };

export type HashResult =
  | { readonly kind: 'updated' }
  | { readonly kind: 'digest'; readonly hex: string }
  | { readonly kind: 'forgotten' }
  | { readonly kind: 'unreadable'; readonly errno: string };

/** The data with which every worker of a pool starts. */
export interface WorkerSetup {
  /** The descriptors to wake when a watermark moves: the main thread's, then the pump's. */
  readonly wakeFds: readonly number[];
  readonly memoryBudget: SharedArrayBuffer;
  readonly memoryLimitBytes: number;
}

/**
 * Task protocol between the main thread and the workers: plain data that survives structured
 * clone. The main thread decides (cache/), workers move bytes (worker/), pools carry (compute/).
 */
import type { MessagePort } from 'node:worker_threads';
import type { ErrorReport } from '../model/errors.js';
import type { Decodable } from '../model/content-coding.js';
import type { FetchLimits, FetchUrl, OriginHead } from '../model/fetch.js';
import type { Validator } from '../model/validator.js';
import type { ObjectOffset } from '../model/offset.js';

/**
 * Where a worker writes one chunk: an open descriptor and the shared state of its growing file,
 * which also has the order of writing. The worker advances the watermark, completes it with a chunk
 * written whole (unless withheld), and fails it when it was cancelled. After any other result the
 * main thread fails it or fills the slot again.
 */
export interface ChunkSlot {
  readonly fd: number;
  readonly index: number;
  readonly start: ObjectOffset;
  /** Expected bytes: exact for a ranged fill, an upper bound for a stream of unknown length. */
  readonly lengthBytes: number;
  /** State of a `SharedWatermark`; its control word cancels the task, its order is the writer's. */
  readonly watermark: SharedArrayBuffer;
  /** True: hash and write, but leave `available` at 0; the main thread releases after its check. */
  readonly withheld: boolean;
  /** Known group ids of a refetch: bytes become available per group, and only when it matches. */
  readonly expectedGroupIds: Uint8Array | null;
}

/** What a worker measured on the way, for metrics and the access log. */
export interface FetchStats {
  readonly originBytes: number;
  /** Status of each response, in order. */
  readonly statuses: readonly number[];
  /** Reason of each retry, in order (an `ErrorCode`). */
  readonly retries: readonly string[];
  readonly stalls: number;
}

/** Ids of a chunk that was written whole. */
export interface WrittenChunk {
  readonly index: number;
  readonly lengthBytes: number;
  readonly groupIds: Uint8Array;
  /** 64 hex digits: the subtree's chaining value, or the root for an object of one chunk. */
  readonly chunkId: string;
  /** Why the disk failed under the writer, so that a memfd took the descriptor's place (errno). */
  readonly diskFailure: string | null;
}

/** Fetches one chunk of an object whose length and validator are known. */
export interface FillTask {
  readonly kind: 'fill';
  readonly lane: number;
  readonly target: FetchUrl;
  readonly slot: ChunkSlot;
  readonly completeLength: number;
  /** Strong validator that every response must carry. */
  readonly validator: Validator;
  readonly limits: FetchLimits;
}

/** What every fetch reports, however it ended. */
export interface FetchReport {
  readonly stats: FetchStats;
  /**
   * The errno of a disk failure in the slot that the task was writing, if there was one. A memfd
   * has replaced the file then and is charged: the slot's draft must be updated.
   */
  readonly diskFailure: string | null;
}

export type FillResult = FetchReport &
  (
    | { readonly kind: 'filled'; readonly chunk: WrittenChunk }
    /** 3xx, 401 or 403: the main thread resolves again. */
    | { readonly kind: 'resolve-again'; readonly head: OriginHead }
    /** Two responses in a row carried the same other validator or length: a new generation. */
    | { readonly kind: 'changed'; readonly head: OriginHead }
    /** The origin answers ranges with whole representations, twice in a row. */
    | { readonly kind: 'no-ranges'; readonly head: OriginHead }
    /** The bytes differ from the slot's expected ids. */
    | { readonly kind: 'corrupt' }
    | { readonly kind: 'failed'; readonly error: ErrorReport }
  );

/**
 * The first fetch of a URL, its revalidation, or a stream of the whole. The worker sends one GET,
 * posts the head on `port`, and waits for slots: the main thread judges the head before a body byte
 * is read.
 */
export interface OpenTask {
  readonly kind: 'open';
  readonly lane: number;
  readonly target: FetchUrl;
  /** Range to request; `null` requests the whole representation. */
  readonly range: { readonly start: number; readonly end: number } | null;
  /** `if-none-match` or `if-modified-since` when revalidating. */
  readonly conditions: Readonly<Record<string, string>>;
  readonly chunkSizeBytes: number;
  readonly limits: FetchLimits;
  /** The cell with the cancel flag: the `control` word of a `SharedWatermark` state. */
  readonly control: SharedArrayBuffer;
  /** Transferred; carries `OpenEvent` to the main thread and `OpenReply` back. */
  readonly port: MessagePort;
}

/**
 * Worker to main thread, in this order: (interim | trouble)*, head, (need-slot, wrote)*; each
 * `need-slot` awaits a reply, and so does a head with content (not 1xx, 3xx, 401, 403, 416). Events
 * and the result use different ports, so the result may overtake the last event: the worker closes
 * `port` after that event; wait for its `close`.
 */
export type OpenEvent =
  /** An interim response, other than 100 and 101. */
  | { readonly kind: 'interim'; readonly head: OriginHead }
  /** An attempt failed before anything usable answered; another follows. */
  | { readonly kind: 'trouble'; readonly error: ErrorReport }
  | { readonly kind: 'head'; readonly head: OriginHead }
  /** The stream reached chunk `index` and holds the connection paused until a slot comes. */
  | { readonly kind: 'want'; readonly index: number }
  | { readonly kind: 'wrote'; readonly chunk: WrittenChunk };

/** What the main thread knows of a stream's content beyond its head. */
export interface KnownContent {
  readonly lengthBytes: number;
  /** To be taken off: the content is what lies under it. Empty for none. */
  readonly coding: Decodable | '';
}

export type OpenReply =
  /**
   * Read the body; its first chunk goes here. A 206 body ends with it, a 200 body needs more slots.
   */
  | { readonly kind: 'slot'; readonly slot: ChunkSlot; readonly content?: KnownContent }
  /** Drop the connection: the rest of the body is not needed. */
  | { readonly kind: 'stop' };

export type OpenResult = FetchReport &
  /** The body was read to its end; `lengthBytes` is the representation's length for a 200. */
  (
    | { readonly kind: 'complete'; readonly lengthBytes: number }
    /** Stopped by the main thread, or the head was one without content. */
    | { readonly kind: 'stopped' }
    | { readonly kind: 'failed'; readonly error: ErrorReport }
  );

/** Compares a held chunk with its recorded ids, group by group, ahead of the sender. */
export interface VerifyTask {
  readonly kind: 'verify';
  readonly fd: number;
  /** Absolute offset of the chunk in the object. */
  readonly start: number;
  readonly lengthBytes: number;
  readonly groupIds: Uint8Array;
  /** True when the object is this chunk alone: the last group's node may be the root. */
  readonly wholeObject: boolean;
  readonly watermark: SharedArrayBuffer;
}

export type VerifyResult =
  | { readonly kind: 'verified' }
  | { readonly kind: 'mismatch'; readonly group: number }
  | { readonly kind: 'unreadable'; readonly errno: string };

/** The hash of a stream. git's begins with the object's length, so that must be known first. */
export type StreamHash =
  | { readonly algorithm: 'sha256' }
  | { readonly algorithm: 'git-sha1'; readonly objectLengthBytes: number };

/**
 * One step of a sequential hash that follows an object's fills. `offset` is the number of bytes
 * hashed before: a worker that was replaced meanwhile has not hashed them and reports that.
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

/** What every worker of a pool is started with. */
export interface WorkerSetup {
  /** Descriptors to write 1 to whenever a watermark moves: the main thread's, later the pump's. */
  readonly wakeFds: readonly number[];
  readonly memoryBudget: SharedArrayBuffer;
  readonly memoryLimitBytes: number;
}

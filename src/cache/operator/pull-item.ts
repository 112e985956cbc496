/**
 * Pulls one URL into the cache: reads it through the cache as a client would, and discards the
 * bytes. Chunks already held are skipped, so that an interrupted pull resumes. Used by Pulls.
 */
import { within } from '../../model/deferred.js';
import { type ErrorReport, ForebayError, reportError } from '../../model/errors.js';
import { emptyHeaders, type HeaderMap } from '../../model/headers.js';
import type { Segment } from '../../model/segment.js';
import type { TransferCounts, TransferState } from '../../model/transfer.js';
import type { Body, CacheAnswer, CacheFacade } from '../api/facade.js';
import type { CacheServices } from '../api/services.js';
import { boundOf } from '../flight/fetch-context.js';

/** What to pull: a configured origin, and the path and query below its mount. */
export interface PullTarget {
  /** As in the request to the admin API. */
  readonly url: string;
  readonly origin: string;
  readonly target: string;
}

/** A target, with its expected length and the fields to request it with. */
export interface PullOrder extends PullTarget {
  /** Length from a listing. The length of the answer replaces it. */
  readonly lengthBytes?: number;
  /** Fields of the request to the cache: credentials, which no snapshot contains. */
  readonly headers?: HeaderMap;
}

export interface PullItemSnapshot extends PullTarget, TransferCounts {
  /** `null` while the item waits for its turn. */
  readonly startedAtMs: number | null;
  /** False until the cache has answered the lookup. */
  readonly answered: boolean;
  readonly state: TransferState;
  readonly lengthBytes: number | null;
  /** Bytes held when the item began. */
  readonly heldBytes: number;
  readonly error: ErrorReport | null;
}

/** Reads without a byte of progress after which the item fails, as for a client's response. */
const MAX_BARREN_READS = 3;

const NOTHING: TransferCounts = { receivedBytes: 0, verifiedBytes: 0, committedBytes: 0 };

export class PullItem {
  readonly #target: PullTarget;
  readonly #headers: HeaderMap;
  readonly #services: CacheServices;
  readonly #cache: CacheFacade;
  #startedAtMs: number | null = null;
  #body: Body | undefined;
  #lengthBytes: number | null;
  #heldBytes = 0;
  #end: { readonly counts: TransferCounts; readonly error: ErrorReport | null } | undefined;

  constructor(order: PullOrder, services: CacheServices, cache: CacheFacade) {
    const { url, origin, target, lengthBytes = null, headers = emptyHeaders() } = order;
    this.#target = { url, origin, target };
    this.#headers = headers;
    this.#lengthBytes = lengthBytes;
    this.#services = services;
    this.#cache = cache;
  }

  /** Pulls the URL. Never rejects. `signal` aborts it as the disconnect of a client would. */
  async run(signal: AbortSignal): Promise<void> {
    this.#startedAtMs = this.#services.clock.now();
    let error: ErrorReport | null = null;
    try {
      signal.throwIfAborted();
      await this.#pull(signal);
    } catch (thrown) {
      error = signal.aborted ? CANCELLED : reportError(thrown);
    }
    this.#finish(error);
  }

  /** Marks an item that has not been started as cancelled. */
  cancel(): void {
    if (this.#end === undefined && this.#startedAtMs === null) this.#finish(CANCELLED);
  }

  get failed(): boolean {
    return this.#end !== undefined && this.#end.error !== null;
  }

  snapshot(): PullItemSnapshot {
    const progress = this.#end === undefined ? this.#body?.progress?.() : undefined;
    const { receivedBytes, verifiedBytes, committedBytes } =
      this.#end?.counts ?? progress ?? NOTHING;
    return {
      ...this.#target,
      startedAtMs: this.#startedAtMs,
      answered: this.#body !== undefined,
      state: this.#state(progress?.state ?? null),
      lengthBytes: this.#lengthBytes,
      heldBytes: this.#heldBytes,
      receivedBytes,
      verifiedBytes,
      committedBytes,
      error: this.#end?.error ?? null,
    };
  }

  #state(source: TransferState | null): TransferState {
    if (this.#end !== undefined) {
      const { error } = this.#end;
      return error === null ? { kind: 'done' } : { kind: 'failed', cause: error.code };
    }
    if (this.#body === undefined) return { kind: 'queued' };
    // Held chunks are skipped, each after its verification if it was not verified before.
    return source === null || source.kind === 'done' ? { kind: 'verifying' } : source;
  }

  #finish(error: ErrorReport | null): void {
    const { receivedBytes, verifiedBytes, committedBytes } = this.#body?.progress?.() ?? NOTHING;
    this.#end = { counts: { receivedBytes, verifiedBytes, committedBytes }, error };
    this.#body?.close();
    this.#body = undefined;
  }

  async #pull(signal: AbortSignal): Promise<void> {
    const { origin, target } = this.#target;
    const answer = await this.#cache.lookup({
      origin,
      target,
      method: 'GET',
      headers: Object.assign(emptyHeaders(), this.#headers),
      hint: { kind: 'whole' },
      signal,
    });
    this.#take(answer);
    const { body } = answer;
    if (answer.status !== 200) {
      throw failure('origin-status', `the origin answered ${String(answer.status)}`);
    }
    await this.#read(body, signal);
    await body.landed?.();
    this.#lengthBytes = body.lengthBytes;
    const held = body.heldBytes?.() ?? 0;
    if (held !== body.lengthBytes) throw notKept(held, body.lengthBytes);
  }

  #take({ body }: CacheAnswer): void {
    this.#body = body;
    this.#lengthBytes = body.lengthBytes ?? this.#lengthBytes;
    this.#heldBytes = body.heldBeforeBytes?.() ?? 0;
  }

  async #read(body: Body, signal: AbortSignal): Promise<void> {
    let start = 0;
    for (let barren = 0; ;) {
      const before = start;
      try {
        for await (const segment of body.read({ start, end: body.lengthBytes ?? Infinity })) {
          start += await this.#pass(segment, signal);
        }
        return;
      } catch (error) {
        barren = start > before ? 0 : barren + 1;
        const isRetried = error instanceof ForebayError && error.retryable && !signal.aborted;
        if (!isRetried || barren >= MAX_BARREN_READS) throw error;
      }
    }
  }

  /** Waits until a segment is complete and releases it. Resolves to its length in bytes. */
  async #pass(segment: Segment, signal: AbortSignal): Promise<number> {
    if (segment.kind === 'bytes') return segment.bytes.length;
    try {
      if (segment.kind === 'file') return segment.length;
      const { watermark, offset, length } = segment;
      let position = offset;
      while (position < offset + length) {
        const { state } = watermark;
        const readable = watermark.readableTo(position);
        if (readable > position) position = readable;
        else if (state !== 'growing') throw segment.failure?.();
        else await within(watermark.wait(position), boundOf(this.#services, signal));
      }
      return length;
    } finally {
      segment.release();
    }
  }
}

const CANCELLED: ErrorReport = {
  code: 'cancelled',
  message: 'the pull was cancelled',
  source: 'internal',
  retryable: true,
};

function failure(code: 'origin-status', message: string): ForebayError {
  return new ForebayError(code, message, { source: 'origin', retryable: false });
}

function notKept(held: number, length: number | null): ForebayError {
  const message = `only ${String(held)} of ${String(length ?? 0)} bytes are held: the rest may not be stored, or the cache has no space for it`;
  return new ForebayError('no-space', message, { source: 'internal', retryable: true });
}

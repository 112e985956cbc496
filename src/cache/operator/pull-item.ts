/**
 * One URL being pulled into the cache: it is read as a client would read it, and dropped. Held
 * chunks are skipped quickly, so that a pull that broke off continues where it was.
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
  /** The URL of the order. */
  readonly url: string;
  readonly origin: string;
  readonly target: string;
}

/** A target, with what is known about it and needed for it. */
export interface PullOrder extends PullTarget {
  /** From a listing; the response's own length takes precedence. */
  readonly lengthBytes?: number;
  /** Fields to send: credentials, which no snapshot shows. */
  readonly headers?: HeaderMap;
}

export interface PullItemSnapshot extends PullTarget, TransferCounts {
  /** `null` while the item waits for its turn. */
  readonly startedAtMs: number | null;
  /** False until the cache has answered. */
  readonly answered: boolean;
  readonly state: TransferState;
  readonly lengthBytes: number | null;
  /** Held when the item began. */
  readonly heldBytes: number;
  readonly error: ErrorReport | null;
}

/** Readings in a row that may fail without a byte of progress, as for a client's response. */
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

  /** Pulls it; never rejects. `signal` ends it as a client's leaving would. */
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

  /** It will not be run. */
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
    // Held chunks are read past, each after it was checked, if it was not yet.
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
    let at = 0;
    for (let barren = 0; ;) {
      const before = at;
      try {
        for await (const segment of body.read({ start: at, end: body.lengthBytes ?? Infinity })) {
          at += await this.#pass(segment, signal);
        }
        return;
      } catch (error) {
        barren = at > before ? 0 : barren + 1;
        const again = error instanceof ForebayError && error.retryable && !signal.aborted;
        if (!again || barren >= MAX_BARREN_READS) throw error;
      }
    }
  }

  /** Waits until a segment is complete and releases it; resolves to its length in bytes. */
  async #pass(segment: Segment, signal: AbortSignal): Promise<number> {
    if (segment.kind === 'bytes') return segment.bytes.length;
    try {
      if (segment.kind === 'file') return segment.length;
      const { watermark, offset, length } = segment;
      let at = offset;
      while (at < offset + length) {
        const { state } = watermark;
        const readable = watermark.readableTo(at);
        if (readable > at) at = readable;
        else if (state !== 'growing') throw segment.failure?.();
        else await within(watermark.wait(at), boundOf(this.#services, signal));
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
  const message = `${String(held)} of ${String(length ?? 0)} bytes are held: the rest must not be stored, or found no room`;
  return new ForebayError('no-space', message, { source: 'internal', retryable: true });
}

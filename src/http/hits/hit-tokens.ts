/**
 * The targets that a hit server knows, by their tokens, and the names that its records need. Owned
 * by http/hits/hit-front.
 */
import type { HitRecord } from '../../compute/hit-protocol.js';
import type { RequestEnding, RequestRecord } from '../../telemetry/request-record.js';
import type { HotHit } from './hot-hits.js';

export interface HitTarget {
  readonly url: string;
  readonly entry: HotHit;
}

/** What its records need: not its head. */
export interface RecordedTarget {
  readonly url: string;
  readonly entry: Pick<HotHit, 'origin' | 'target'>;
}

/**
 * Targets forgotten between two sweeps, one of which runs each second. Each URL has 2048 characters
 * at most. Beyond this number new targets are not given to the server until the next sweep.
 */
export const MAX_FORGOTTEN = 4096;

export class HitTokens {
  /** Current targets by token. */
  readonly #targets = new Map<number, HitTarget>();
  readonly #tokens = new Map<string, number>();
  /** Those that were forgotten before the last sweep, and since. */
  #forgottenBefore = new Map<number, RecordedTarget>();
  #forgotten = new Map<number, RecordedTarget>();
  #lastToken = 0;

  /**
   * The token of a target that is not known, or not any more. No token is used twice. `undefined`:
   * too many come and go.
   */
  add(url: string, entry: HotHit): number | undefined {
    if (this.#forgotten.size >= MAX_FORGOTTEN) return undefined;
    this.#lastToken += 1;
    this.#tokens.set(url, this.#lastToken);
    this.#targets.set(this.#lastToken, { url, entry });
    return this.#lastToken;
  }

  /** Forgets a target, and returns its token if it had one. */
  forget(url: string): number | undefined {
    const token = this.#tokens.get(url);
    if (token === undefined) return undefined;
    this.#tokens.delete(url);
    const target = this.#targets.get(token);
    this.#targets.delete(token);
    if (target !== undefined) {
      const { origin, target: path } = target.entry;
      this.#forgotten.set(token, { url, entry: { origin, target: path } });
    }
    return token;
  }

  /** The target of a token, also of one that was forgotten lately. */
  of(token: number): RecordedTarget | undefined {
    return (
      this.#targets.get(token) ?? this.#forgotten.get(token) ?? this.#forgottenBefore.get(token)
    );
  }

  /** The current target of a token. */
  current(token: number): HitTarget | undefined {
    return this.#targets.get(token);
  }

  /**
   * Drops targets that were forgotten before the previous sweep. Later ones stay: a thread may be
   * in the middle of an answer, whose record arrives after this call.
   */
  sweep(): void {
    this.#forgottenBefore = this.#forgotten;
    this.#forgotten = new Map();
  }
}

/** An answer for a target, as log and metrics take it. */
export function nativeHitRecord(
  { url }: RecordedTarget,
  record: HitRecord,
  ending: RequestEnding,
): RequestRecord {
  const { isHead, isWhole, range } = record;
  return {
    requestId: record.requestId,
    traceId: null,
    method: isHead ? 'HEAD' : 'GET',
    target: url,
    range: range && `bytes=${String(range.first)}-${String(range.last ?? '')}`,
    status: isWhole ? 200 : 206,
    result: 'hit',
    ending,
    code: ending === 'failed' ? 'disk' : null,
    collapsed: false,
    bytesSent: record.bodyBytesSent,
    originBytes: 0,
    waitMs: record.waitMs,
    transferMs: 0,
  };
}

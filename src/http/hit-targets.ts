/**
 * The targets that a hit server knows, by the tokens that stand for them there, and what its records of
 * them say. Owned by http/hit-front.
 */
import type { HitRecord } from '../compute/hit-server.js';
import type { RequestEnding, RequestRecord } from '../telemetry/request-record.js';
import type { StandingEntry } from './standing.js';

export interface HitTarget {
  readonly url: string;
  readonly entry: StandingEntry;
}

export class HitTargets {
  /** By token: those that stand, and for a while those that were forgotten. */
  readonly #targets = new Map<number, HitTarget>();
  readonly #tokens = new Map<string, number>();
  /** Before the last sweep, and since. */
  #forgottenBefore: number[] = [];
  #forgotten: number[] = [];
  #lastToken = 0;

  /** The token of a target that is not known, or not any more. No token is used twice. */
  add(url: string, entry: StandingEntry): number {
    this.#lastToken += 1;
    this.#tokens.set(url, this.#lastToken);
    this.#targets.set(this.#lastToken, { url, entry });
    return this.#lastToken;
  }

  /** It stands no more. The token that it had, if it had one. */
  forget(url: string): number | undefined {
    const token = this.#tokens.get(url);
    if (token === undefined) return undefined;
    this.#tokens.delete(url);
    this.#forgotten.push(token);
    return token;
  }

  /** What a token stands for, or did lately. */
  of(token: number): HitTarget | undefined {
    return this.#targets.get(token);
  }

  /** What a token stands for. */
  current(token: number): HitTarget | undefined {
    const target = this.#targets.get(token);
    return target !== undefined && this.#tokens.get(target.url) === token ? target : undefined;
  }

  /**
   * Lets go of what was forgotten before the last sweep. Not of what was forgotten since: a thread may be
   * in the middle of an answer, and its record comes after this call.
   */
  sweep(): void {
    for (const token of this.#forgottenBefore) this.#targets.delete(token);
    this.#forgottenBefore = this.#forgotten;
    this.#forgotten = [];
  }
}

/** An answer for a target, as log and metrics take it. */
export function recordOf(
  { url }: HitTarget,
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

/** Types of hub/decisions: its requests and its results. */
import type { CacheAnswer } from '../cache/api/facade.js';
import type { StoredResponse } from '../model/response.js';
import type { Upstream } from '../origin/upstream.js';
import type { Refusal } from './answers.js';
import type { Who } from './credentials.js';
import type { NamedFile } from './file-pins.js';

/** A question: may `who` have this file of this hub? */
export interface DecisionRequest extends NamedFile {
  readonly upstream: Upstream;
  readonly who: Who;
  /** Names the client, whose concurrent requests are bounded. */
  readonly client: string;
}

export type Decision =
  /** `offline`: the hub is unreachable, and an earlier decision is used. */
  | { readonly kind: 'granted'; readonly stored: StoredResponse; readonly offline: boolean }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** No answer of the hub, and nothing decided before. */
  | { readonly kind: 'unreachable'; readonly answer: CacheAnswer }
  /** The hub's answer does not identify the file. */
  | { readonly kind: 'unidentified'; readonly message: string }
  /** `isOutage`: an earlier decision may be used; a hub that demands a wait is reachable. */
  | {
      readonly kind: 'overloaded';
      readonly isOutage: boolean;
      readonly answer: CacheAnswer;
    };

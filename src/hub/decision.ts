/** The question to hub/decisions and its result. Types alone. */
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
  /** The client whose share of the concurrent questions this one uses (hub/question-limit). */
  readonly client: string;
}

export type Decision =
  /** `offline`: the hub was unreachable, and this is an earlier decision. */
  | { readonly kind: 'granted'; readonly stored: StoredResponse; readonly offline: boolean }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** The hub did not answer, and no earlier decision may be used. */
  | { readonly kind: 'unreachable'; readonly answer: CacheAnswer }
  /** The hub's answer lacks the file's commit, digest or length. */
  | { readonly kind: 'unidentified'; readonly message: string }
  /** `isOutage`: an earlier decision may be used instead. False for a 429: that hub is up. */
  | {
      readonly kind: 'overloaded';
      readonly isOutage: boolean;
      readonly answer: CacheAnswer;
    };

/** What hub/decisions is asked, and what it answers. Types alone. */
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
  /** Tells clients apart, each of which may ask for so much. */
  readonly client: string;
}

export type Decision =
  /** `offline`: the hub could not be asked; it is what was decided before. */
  | { readonly kind: 'granted'; readonly stored: StoredResponse; readonly offline: boolean }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** No answer of the hub, and nothing decided before. */
  | { readonly kind: 'unreachable'; readonly answer: CacheAnswer }
  /** The hub's answer does not say what the file is. */
  | { readonly kind: 'untold'; readonly message: string }
  /** `isOutage`: what was decided before may stand in; a hub that bids us wait is there. */
  | {
      readonly kind: 'overloaded';
      readonly isOutage: boolean;
      readonly answer: CacheAnswer;
    };

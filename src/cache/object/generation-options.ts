/** The constructor options of a Generation, with its callbacks. Set by Generations. */
import type { ObjectHandle } from '../../model/store.js';
import type { GenerationEnd } from '../fill/live-object.js';
import type { CacheServices } from '../api/services.js';

/** `Self` is the generation's class. */
export interface GenerationOptions<Self> {
  readonly services: CacheServices;
  readonly object: ObjectHandle;
  /** True for a response that may not be stored: it serves its own request only. */
  readonly ephemeral: boolean;
  /** True when nothing may be released before the claimed digest was verified. */
  readonly strict: boolean;
  /** True when its bytes contradicted the digest before: a second mismatch is not retryable. */
  readonly suspect: boolean;
  /** Called whenever it has no user and nothing in progress. It may be used again afterwards. */
  readonly onIdle: (generation: Self) => void;
  readonly onEnded: (generation: Self, reason: GenerationEnd) => void;
  /** Called when the origin sent another validator at the same length. */
  readonly onDiverged: (generation: Self) => void;
  /** Called when it is detached: later requests must open another generation. */
  readonly onDetached: (generation: Self) => void;
  readonly onAttested: (generation: Self) => void;
  /** Called when its length became known, which gives its object another key. */
  readonly onCompleted: (generation: Self) => void;
}

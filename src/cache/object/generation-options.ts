/** What a generation is made of, and its callbacks. Filled in by Generations. */
import type { ObjectHandle } from '../../model/store.js';
import type { GenerationEnd } from '../fill/live-object.js';
import type { CacheServices } from '../api/services.js';

/** `Self` is the generation's class. */
export interface GenerationOptions<Self> {
  readonly services: CacheServices;
  readonly object: ObjectHandle;
  /** True if it is for its own request only and never committed, as it may not be stored. */
  readonly ephemeral: boolean;
  /** Release nothing before the claimed digest was checked. */
  readonly strict: boolean;
  /** Its bytes contradicted the digest before: a second time is the origin's last word. */
  readonly suspect: boolean;
  /** Called when it has no users and no fetches; it may be used again later. */
  readonly onIdle: (generation: Self) => void;
  readonly onEnded: (generation: Self, reason: GenerationEnd) => void;
  /** Called when the origin has another validator for it, at the same length. */
  readonly onDiverged: (generation: Self) => void;
  /** Called when it is detached: later requests get another generation. */
  readonly onDetached: (generation: Self) => void;
  readonly onAttested: (generation: Self) => void;
  /** Called when its length became known: its object has another key from then on. */
  readonly onCompleted: (generation: Self) => void;
}

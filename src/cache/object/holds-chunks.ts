/** Checks whether chunks can be read without the origin. Used by cache/answer and cache/fetch. */
import type { LiveObject } from '../fill/live-object.js';

/**
 * True when a request for the chunks `first` to `end` (not included) needs nothing from the origin.
 */
export function holdsChunks(
  generation: Pick<LiveObject, 'endIndex' | 'endReason' | 'flight' | 'isHeld'>,
  first: number,
  end: number,
): boolean {
  for (let index = first; index < Math.min(end, generation.endIndex); index += 1) {
    // A flight that has all its bytes needs only the commit.
    if (!generation.isHeld(index) && generation.flight(index)?.isAtHand !== true) return false;
  }
  return generation.endReason === undefined;
}

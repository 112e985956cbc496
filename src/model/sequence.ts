/**
 * The order of questions: each one that an origin is asked takes the next number, so that of two
 * answers the one that was asked for later can be told, whenever they come and whatever a clock
 * says. The numbers outlive a restart (store/directory/sequence).
 */
export interface Sequence {
  /** A number greater than all before, those of earlier runs on the same cache included. */
  next(): number;
}

/** One that begins anew with the process, for tests and for caches that keep nothing. */
export function countFrom(first: number): Sequence {
  let last = first - 1;
  return {
    next: () => {
      last += 1;
      return last;
    },
  };
}

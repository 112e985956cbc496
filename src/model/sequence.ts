/**
 * The order of origin requests. Each request takes the next number, so that the response to the
 * later one is known whenever they arrive and whatever a clock says. The numbers continue after a
 * restart (store/directory/sequence).
 */
export interface Sequence {
  /** A number greater than all before, those of earlier runs on the same cache included. */
  next(): number;
}

/** A sequence that begins with the process, for tests and for caches that store nothing. */
export function countFrom(first: number): Sequence {
  let last = first - 1;
  return {
    next: () => {
      last += 1;
      return last;
    },
  };
}

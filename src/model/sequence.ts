/**
 * Numbers the requests to origins, so that the later request of two responses is known, whatever
 * the order of their arrival and the clock. The numbers survive a restart
 * (store/directory/sequence).
 */
export interface Sequence {
  /** Returns a number greater than all before, those of earlier runs on the same cache included. */
  next(): number;
}

/** Makes a sequence that starts again with each process, for tests and for unwritable caches. */
export function countFrom(first: number): Sequence {
  let last = first - 1;
  return {
    next: () => {
      last += 1;
      return last;
    },
  };
}

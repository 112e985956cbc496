/**
 * Chunks whose refetch differed from their recorded ids, until two fetches agree. A chunk is
 * refetched once after a first difference; the second fetch then either confirms the first,
 * confirms the record, or contradicts both, which fails the chunk. Owned by a Generation, used by
 * cache/fill/fill.
 */
type Doubt =
  { readonly kind: 'differed-once' } | { readonly kind: 'differed-as'; readonly id: string };

export class ChunkDoubts {
  readonly #doubts = new Map<number, Doubt>();

  /** True while two fetches of chunk `index` have yet to agree. */
  has(index: number): boolean {
    return this.#doubts.has(index);
  }

  /**
   * A fetch of chunk `index` was stopped because its bytes differ from the record. True for the
   * first one: fetch again; after that the chunk fails and the doubt ends.
   */
  differed(index: number): boolean {
    const isFirst = !this.#doubts.has(index);
    if (isFirst) this.#doubts.set(index, { kind: 'differed-once' });
    else this.#doubts.delete(index);
    return isFirst;
  }

  /**
   * Compares a whole fetch of a doubted chunk, whose id differs from the recorded one. `again`: it
   * is the first such fetch; `agreed`: two fetches have the same id; `contradicted`: the two
   * differ, and the doubt ends.
   */
  compare(index: number, id: string): 'agreed' | 'again' | 'contradicted' {
    const doubt = this.#doubts.get(index);
    if (doubt?.kind !== 'differed-as') {
      this.#doubts.set(index, { kind: 'differed-as', id });
      return 'again';
    }
    if (doubt.id === id) return 'agreed';
    this.#doubts.delete(index);
    return 'contradicted';
  }

  /** Chunk `index` is filled: nothing is doubted any more. */
  settle(index: number): void {
    this.#doubts.delete(index);
  }
}

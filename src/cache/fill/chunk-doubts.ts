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
   * Records that a fetch of chunk `index` was stopped because its bytes differ from the recorded
   * ids. Returns true for the first such fetch: fetch again; then the chunk fails and the doubt
   * ends.
   */
  differed(index: number): boolean {
    const isFirst = !this.#doubts.has(index);
    if (isFirst) this.#doubts.set(index, { kind: 'differed-once' });
    else this.#doubts.delete(index);
    return isFirst;
  }

  /**
   * Compares a doubted chunk that was fetched whole as `id`, which is not the recorded one.
   * `agreed`: two fetches brought `id`; `again`: this is the first whole fetch; `contradicted`: the
   * two differ, and the doubt ends.
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

  /** Ends the doubt about chunk `index`, which is filled. */
  settle(index: number): void {
    this.#doubts.delete(index);
  }
}

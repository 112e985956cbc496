/**
 * What the cache holds, for operators: listed page by page, and taken out. Called by the admin API.
 */
import type { ObjectIdentity } from '../model/manifest.js';
import type { ChunkStore, ObjectSummary, ResponseStore } from '../model/store.js';
import { objectKey, responseKey } from '../store/keys.js';
import type { Purges } from './purges.js';
import type { Selection, Targets } from './selection.js';

export interface ListedObject extends ObjectSummary {
  /** Path below the origin's mount. */
  readonly target: string;
  /** When its newest stored response came, ms since the epoch; `null` when none is stored. */
  readonly storedAtMs: number | null;
}

export interface ObjectPage {
  readonly objects: readonly ListedObject[];
  /** Where the next page begins; `null` after the last. */
  readonly next: string | null;
}

/** What a purge took out, or would. */
export interface PurgeReport {
  readonly objects: number;
  readonly responses: number;
  /** Bytes of chunks that the objects held; those shared with an object that stays do not go. */
  readonly bytes: number;
}

export interface InventoryParts {
  readonly chunks: Pick<ChunkStore, 'objects'>;
  readonly responses: Pick<ResponseStore, 'entries' | 'peek' | 'delete'>;
  readonly targets: Targets;
  readonly purges: Purges;
  /** Takes one object out; its readers finish what they have open. */
  readonly forget: (identity: ObjectIdentity) => Promise<void>;
}

/** An object with its place in the order of listing. */
interface Placed {
  readonly place: string;
  readonly summary: ObjectSummary;
}

export class Inventory {
  readonly #parts: InventoryParts;

  constructor(parts: InventoryParts) {
    this.#parts = parts;
  }

  /** Objects in the order of origin and URI, `limit` at most, those after the cursor `after`. */
  async list(selection: Selection, after: string | null, limit: number): Promise<ObjectPage> {
    const from = after === null ? '' : Buffer.from(after, 'base64url').toString();
    const found = this.#page(selection, from, limit + 1);
    const page = found.slice(0, limit);
    const objects = await Promise.all(page.map(({ summary }) => this.#describe(summary)));
    const last = found.length > limit ? page.at(-1) : undefined;
    return { objects, next: last ? Buffer.from(last.place).toString('base64url') : null };
  }

  /** Takes out what is selected; with `dryRun` only counts it. */
  async purge(selection: Selection, dryRun: boolean): Promise<PurgeReport> {
    const { chunks, responses: records, targets, purges, forget } = this.#parts;
    let responses = 0;
    // First: what is being asked for now must not come back once its place is empty.
    if (!dryRun) {
      purges.begin((place) => targets.selects(selection, place));
    }
    // Before the objects: nothing stored leads to them any more.
    for await (const [key, record] of records.entries()) {
      if (!targets.selects(selection, record)) continue;
      responses += 1;
      if (!dryRun) await records.delete(key);
    }
    const selected = [...chunks.objects()].filter(({ identity }) =>
      targets.selects(selection, identity),
    );
    let bytes = 0;
    for (const { identity, heldBytes } of selected) {
      bytes += heldBytes;
      if (!dryRun) await forget(identity);
    }
    return { objects: selected.length, responses, bytes };
  }

  /** The first `count` after `from`: one pass, and no more than a few pages in memory. */
  #page(selection: Selection, from: string, count: number): Placed[] {
    let first: Placed[] = [];
    const cut = (): void => {
      first.sort((a, b) => (a.place < b.place ? -1 : 1));
      first = first.slice(0, count);
    };
    for (const summary of this.#parts.chunks.objects()) {
      if (!this.#parts.targets.selects(selection, summary.identity)) continue;
      const { origin, uri } = summary.identity;
      const place = `${origin}\n${uri}\n${summary.key}`;
      if (place <= from) continue;
      first.push({ place, summary });
      if (first.length >= 4 * count) cut();
    }
    cut();
    return first;
  }

  async #describe(summary: ObjectSummary): Promise<ListedObject> {
    const { origin, uri } = summary.identity;
    const record = await this.#parts.responses.peek(responseKey(origin, uri));
    const stored = record?.variants.find(({ object }) => objectKey(object) === summary.key);
    return {
      ...summary,
      target: this.#parts.targets.of(origin, uri),
      storedAtMs: stored?.responseTimeMs ?? null,
    };
  }
}

/**
 * Lists what the cache holds, page by page, and purges it, for operators. Called by the admin API.
 */
import type { ObjectIdentity } from '../../model/manifest.js';
import type { ChunkStore, ObjectSummary, ResponseStore } from '../../model/store.js';
import { pathAlone } from '../../model/shown-url.js';
import type { CacheKey } from '../../store/directory/cache-key.js';
import { objectKey, responseKey } from '../../store/objects/keys.js';
import type { Purges } from '../api/purges.js';
import type { ObjectSelection, TargetMatcher } from './selection.js';

export interface ListedObject extends ObjectSummary {
  /** Path below the origin's mount. */
  readonly target: string;
  /** Time of its newest stored response, ms since the epoch; `null` when none is stored. */
  readonly storedAtMs: number | null;
}

export interface ObjectPage {
  readonly objects: readonly ListedObject[];
  /** Cursor of the next page; `null` after the last. */
  readonly next: string | null;
}

/** What a purge removed, or would remove. */
export interface PurgeReport {
  readonly objects: number;
  readonly responses: number;
  /** Held bytes of the objects. Chunks shared with an object that stays are not removed. */
  readonly bytes: number;
}

export interface InventoryDeps {
  readonly chunks: Pick<ChunkStore, 'objects'>;
  readonly responses: Pick<ResponseStore, 'entries' | 'peek' | 'delete'>;
  readonly targets: TargetMatcher;
  /** Encrypts cursors, because they contain a URI. */
  readonly key: Pick<CacheKey, 'seal' | 'unseal'>;
  readonly purges: Purges;
  /** Removes one object; its readers finish the chunks that they have open. */
  readonly forget: (identity: ObjectIdentity) => Promise<void>;
}

/** The page to list, and the rights of the operator. */
export interface PageRequest {
  /** `next` of the previous page; `null` for the first. */
  readonly after: string | null;
  readonly limit: number;
  /**
   * True when the operator may see the queries of URIs. Otherwise objects are not sorted by them
   * either: with objects of their own, operators could narrow down a signature by its position.
   */
  readonly isTrusted: boolean;
}

/** An object with its sort key in the listing. */
interface Placed {
  readonly place: string;
  readonly summary: ObjectSummary;
}

export class Inventory {
  readonly #parts: InventoryDeps;

  constructor(parts: InventoryDeps) {
    this.#parts = parts;
  }

  /**
   * Lists up to `limit` objects after the cursor `after`, sorted by origin and URI. Resolves to
   * `undefined` for an invalid cursor.
   */
  async list(
    selection: ObjectSelection,
    { after, limit, isTrusted }: PageRequest,
  ): Promise<ObjectPage | undefined> {
    const { key } = this.#parts;
    const order = isTrusted ? 'uri' : 'path';
    const cursor = after === null ? `${order} ` : key.unseal('cursor', after);
    if (cursor?.startsWith(`${order} `) !== true) return undefined;
    const from = cursor.slice(order.length + 1);
    const found = this.#page(selection, order, from, limit + 1);
    const page = found.slice(0, limit);
    const objects = await Promise.all(page.map(({ summary }) => this.#describe(summary)));
    const last = found.length > limit ? page.at(-1) : undefined;
    return { objects, next: last ? key.seal('cursor', `${order} ${last.place}`) : null };
  }

  /** Removes the selected objects and responses; with `dryRun` only counts them. */
  async purge(selection: ObjectSelection, dryRun: boolean): Promise<PurgeReport> {
    const { chunks, responses: records, targets, purges, forget } = this.#parts;
    let responses = 0;
    // First, so that responses to requests already under way are not stored after the purge.
    if (!dryRun) {
      purges.begin((place) => targets.selects(selection, place));
    }
    // Responses before objects, so that no stored response refers to a removed object.
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

  /** Returns the first `count` objects after `from`, in one pass with a few pages in memory. */
  #page(selection: ObjectSelection, order: 'uri' | 'path', from: string, count: number): Placed[] {
    let first: Placed[] = [];
    const cut = (): void => {
      first.sort((a, b) => (a.place < b.place ? -1 : 1));
      first = first.slice(0, count);
    };
    for (const summary of this.#parts.chunks.objects()) {
      if (!this.#parts.targets.selects(selection, summary.identity)) continue;
      const { origin, uri } = summary.identity;
      const name = order === 'uri' ? uri : pathAlone(uri);
      const place = `${origin}\n${name}\n${summary.key}`;
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

/**
 * The generations in memory, one per object key. An idle one lingers, so that a client that reads
 * range by range finds its manifest open and its digest check in progress.
 */
import { LRUCache } from 'lru-cache';
import { randomBytes } from 'node:crypto';
import { ID_BYTES } from '../../model/chunk.js';
import { isRefutedBy } from '../../model/digest.js';
import { type Deferred, deferred } from '../../model/deferred.js';
import type { ObjectKey } from '../../model/ids.js';
import type { ObjectIdentity } from '../../model/manifest.js';
import type { DropReason } from '../../model/store.js';
import { sameStrong } from '../../model/validator.js';
import { objectKey } from '../../store/objects/keys.js';
import { changed, closing, purged } from '../fill/reader-errors.js';
import { ephemeralObject } from './ephemeral-object.js';
import { Generation } from './generation.js';
import { digestMismatch } from '../integrity/integrity-state.js';
import type { GenerationEnd } from '../fill/live-object.js';
import type { CacheServices } from '../api/services.js';
import { UnsteadyUrls } from './unsteady.js';
import type { FetchContext } from '../flight/fetch-context.js';

/** Idle generations kept: each is a manifest in memory, some 300 bytes a chunk. */
const MAX_IDLE = 256;

/** How long an idle generation lingers: longer than a client pauses between two ranges. */
const IDLE_LIFETIME_MS = 30_000;

/** Objects remembered for having failed their digest check; one more forgets the oldest. */
const MAX_SUSPECTS = 1024;

export interface OpenOptions {
  readonly ephemeral: boolean;
  readonly fetchContext: FetchContext;
}

export class Generations {
  readonly #services: CacheServices;
  readonly #onEnded: (object: ObjectIdentity, reason: GenerationEnd) => void;
  /** URLs whose objects have a validator in each answer. */
  readonly unsteady: UnsteadyUrls;
  readonly #live = new Map<ObjectKey, Generation>();
  readonly #opening = new Map<ObjectKey, Promise<Generation>>();
  readonly #idle: LRUCache<ObjectKey, Generation>;
  #becameIdle: Deferred<undefined> = deferred();
  #closing = false;
  /** The last removal of an ended object. */
  #removing: Promise<void> = Promise.resolve();
  /** Objects whose bytes once contradicted their digest: checked whole before they are released. */
  readonly #suspects = new LRUCache<ObjectKey, true>({ max: MAX_SUSPECTS });

  /** `onEnded` is called when a generation ends: its stored responses are of no use any more. */
  constructor(
    services: CacheServices,
    onEnded: (object: ObjectIdentity, reason: GenerationEnd) => void,
  ) {
    this.#services = services;
    this.#onEnded = onEnded;
    this.unsteady = new UnsteadyUrls(services);
    this.#idle = new LRUCache({
      max: MAX_IDLE,
      ttl: IDLE_LIFETIME_MS,
      // Otherwise each call would read the machine's clock; once a millisecond is enough.
      ttlResolution: 0,
      perf: { now: () => services.clock.monotonic() },
      dispose: (generation, key, reason) => {
        if (reason !== 'delete') this.#close(key, generation);
      },
    });
    services.pressure.register('read-ahead', () => {
      this.closeIdle();
    });
  }

  /** The generation of `identity`, retained once. Rejects for a length its digest cannot have. */
  async open(identity: ObjectIdentity, options: OpenOptions): Promise<Generation> {
    if (this.#closing) throw closing();
    if (isRefutedBy(identity.digest, identity.lengthBytes)) throw digestMismatch(true);
    // A response that may not be stored is private, whatever digest names it.
    if (options.ephemeral) {
      const own = await this.#make(newKey(), identity, options);
      own.retain();
      return own;
    }
    const key = objectKey(identity);
    const live = this.#take(key, identity, options.fetchContext);
    if (live !== undefined) return live;
    let opening = this.#opening.get(key);
    if (opening === undefined) {
      opening = this.#make(key, identity, options).finally(() => {
        this.#opening.delete(key);
      });
      this.#opening.set(key, opening);
    }
    const generation = await opening;
    generation.retain();
    this.#idle.delete(key);
    return generation;
  }

  /** True while requests for its object get `generation`. An idle one lingers: hot hits use it. */
  touch(generation: Generation): boolean {
    const { key } = generation.object;
    if (generation.isClosed || this.#live.get(key) !== generation) return false;
    if (generation.isIdle) this.#idle.set(key, generation);
    return true;
  }

  /**
   * Removes an object from the cache: readers finish with the chunks that they have open, then are
   * cut.
   */
  async purge(identity: ObjectIdentity): Promise<void> {
    const key = objectKey(identity);
    await this.#opening.get(key)?.catch(() => undefined);
    // By the objects they have now: one that did not get its new key is to go too.
    const living = [...this.#live.values()].filter(({ object }) => object.key === key);
    if (living.length > 0) {
      for (const live of living) live.end('purged', purged());
      await this.#removing;
      return;
    }
    const { changes, chunks } = this.#services;
    const object = await chunks.openObject(identity);
    try {
      changes.bump('removal');
      await chunks.remove(object, 'purged');
    } finally {
      object.release();
    }
  }

  /** Opens nothing any more; resolves when fetched chunks are committed. Headless fetches stop. */
  async quiet(): Promise<void> {
    this.#closing = true;
    await Promise.allSettled(this.#opening.values());
    while ([...this.#live.values()].some((generation) => !generation.isIdle)) {
      await this.#becameIdle.promise;
    }
  }

  /** Closes what lingers: under pressure, and at the end. */
  closeIdle(): void {
    for (const [key, generation] of [...this.#idle.entries()]) {
      this.#idle.delete(key);
      this.#close(key, generation);
    }
  }

  #take(
    key: ObjectKey,
    identity: ObjectIdentity,
    fetchContext: FetchContext,
  ): Generation | undefined {
    const live = this.#live.get(key);
    if (live === undefined) return undefined;
    // One digest, another validator: the same bytes, but fills must expect the new validator.

    const { validator } = live.object.identity;
    const moved = !sameStrong(validator, identity.validator);
    // The origin was made strict since: this generation may have released unchecked bytes.
    const lax = isStrict(fetchContext) && !live.isStrict && live.object.attestedBy === null;
    if ((moved || lax) && identity.digest !== null) {
      if (live.isIdle) {
        this.#idle.delete(key);
        this.#close(key, live);
        return undefined;
      }
      // Unchecked bytes of two representations must not meet in one set of chunks.
      if (live.object.attestedBy === null) {
        live.end('replaced', changed());
        return undefined;
      }
    }
    live.retain();
    this.#idle.delete(key);
    return live;
  }

  async #make(
    key: ObjectKey,
    identity: ObjectIdentity,
    { ephemeral, fetchContext }: OpenOptions,
  ): Promise<Generation> {
    const object = ephemeral
      ? ephemeralObject(key, identity)
      : await this.#services.chunks.openObject(identity);
    const suspect = this.#suspects.has(key);
    const strict = identity.digest !== null && (isStrict(fetchContext) || suspect);
    const place = { key };
    const generation = new Generation({
      services: this.#services,
      object,
      ephemeral,
      strict,
      suspect,
      onIdle: (idle) => {
        this.#linger(place.key, idle);
      },
      onEnded: (ended, reason) => {
        // The first key stays in use for an origin that sends no length.
        if (reason === 'digest-mismatch') this.#suspects.set(key, true);
        this.#end(place.key, ended, reason);
      },
      onDiverged: ({ object: { identity } }) => {
        this.unsteady.note(identity);
      },
      onDetached: (detached) => {
        this.#detached(place.key, detached);
      },
      onAttested: () => {
        this.#suspects.delete(key);
        this.#suspects.delete(place.key);
      },
      onCompleted: (completed) => {
        place.key = this.#rekey(place.key, completed);
      },
    });
    this.#live.set(key, generation);
    return generation;
  }

  /** The key of a generation whose length became known; its old one if the new one is taken. */
  #rekey(key: ObjectKey, generation: Generation): ObjectKey {
    if (generation.isEphemeral) return key;
    const { endReason: ended, object } = generation;
    // It ended while its manifest was rewritten: what the end removed is there again.
    if (ended !== undefined) this.#remove(generation, ended);
    if (this.#live.get(key) !== generation) return key;
    if (this.#live.has(object.key) || this.#opening.has(object.key)) return key;
    this.#live.delete(key);
    this.#live.set(object.key, generation);
    return object.key;
  }

  #linger(key: ObjectKey, generation: Generation): void {
    this.#becameIdle.resolve(undefined);
    this.#becameIdle = deferred();
    const current = this.#live.get(key) === generation;
    if (!current || generation.isEphemeral) this.#close(key, generation);
    else this.#idle.set(key, generation);
    // Expired entries leave the map only when somebody looks.
    this.#idle.purgeStale();
  }

  #end(key: ObjectKey, generation: Generation, reason: GenerationEnd): void {
    if (this.#live.get(key) === generation) this.#live.delete(key);
    this.#idle.delete(key);
    if (generation.isEphemeral) return;
    if (reason === 'digest-mismatch') {
      this.#suspects.set(key, true);
      this.#services.events.originBytesWasted(generation.lengthBytes ?? 0);
    }
    this.#onEnded(generation.object.identity, reason);
    this.#remove(generation, reason);
  }

  /** Its readers finish; later requests get another generation. */
  #detached(key: ObjectKey, generation: Generation): void {
    if (this.#live.get(key) !== generation) return;
    this.#live.delete(key);
    this.#idle.delete(key);
    if (generation.object.identity.uniqueToken !== '') return;
    this.#onEnded(generation.object.identity, 'replaced');
    this.#remove(generation, 'replaced');
  }

  #remove(generation: Generation, reason: GenerationEnd): void {
    this.#removing = this.#services.chunks
      .remove(generation.object, DROP_REASONS[reason])
      .catch((error: unknown) => {
        this.#services.events.warn('an ended object could not be removed', error);
      });
  }

  #close(key: ObjectKey, generation: Generation): void {
    if (!generation.isIdle || generation.isClosed) return;
    if (this.#live.get(key) === generation) this.#live.delete(key);
    generation.close();
  }
}

function isStrict({ source }: FetchContext): boolean {
  return source.upstream.integrity === 'strict';
}

/** The store's reason for each end. */
const DROP_REASONS: Readonly<Record<GenerationEnd, DropReason>> = {
  replaced: 'replaced',
  'digest-mismatch': 'corrupt',
  incomplete: 'replaced',
  purged: 'purged',
};

function newKey(): ObjectKey {
  return randomBytes(ID_BYTES).toString('hex') as ObjectKey;
}

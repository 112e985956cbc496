/**
 * The generations in memory, one per object key. Idle ones are kept for a while: a client that
 * reads ranges in successive requests finds the manifest open and the digest check where it was.
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

/** Most idle generations kept. Each is a manifest in memory, about 300 bytes a chunk. */
const MAX_IDLE = 256;

/** How long an idle generation is kept: longer than a client pauses between two ranges. */
const IDLE_LIFETIME_MS = 30_000;

/** Most objects remembered as suspect; a further one replaces the oldest. */
const MAX_SUSPECTS = 1024;

export interface OpenOptions {
  /** True for a response that may not be stored: it serves its own request only. */
  readonly ephemeral: boolean;
  readonly fetchContext: FetchContext;
}

export class Generations {
  readonly #services: CacheServices;
  readonly #onEnded: (object: ObjectIdentity, reason: GenerationEnd) => void;
  /** URLs whose answers each have a validator of their own. */
  readonly unsteady: UnsteadyUrls;
  readonly #live = new Map<ObjectKey, Generation>();
  readonly #opening = new Map<ObjectKey, Promise<Generation>>();
  readonly #idle: LRUCache<ObjectKey, Generation>;
  #becameIdle: Deferred<undefined> = deferred();
  #closing = false;
  /** The last removal of an ended object. */
  #removing: Promise<void> = Promise.resolve();
  /** Objects whose bytes contradicted their digest: verified whole before anything is released. */
  readonly #suspects = new LRUCache<ObjectKey, true>({ max: MAX_SUSPECTS });

  /** `onEnded` is called when a generation ends: its stored responses cannot be used any more. */
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
      // By default lru-cache keeps a clock reading for a millisecond of real time.
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

  /** Resolves to it, retained once. Rejects when closing, or for an impossible length. */
  async open(identity: ObjectIdentity, options: OpenOptions): Promise<Generation> {
    if (this.#closing) throw closing();
    if (isRefutedBy(identity.digest, identity.lengthBytes)) throw digestMismatch(true);
    // A response that may not be stored serves its own request only, even with a known digest.
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

  /** True while registered under its key and not closed. Renews the lifetime of an idle one. */
  touch(generation: Generation): boolean {
    const { key } = generation.object;
    if (generation.isClosed || this.#live.get(key) !== generation) return false;
    if (generation.isIdle) this.#idle.set(key, generation);
    return true;
  }

  /** Removes an object. Readers finish stored chunks; those of an arriving one fail at once. */
  async purge(identity: ObjectIdentity): Promise<void> {
    const key = objectKey(identity);
    await this.#opening.get(key)?.catch(() => undefined);
    // Compares the keys of their objects: a generation may be registered under an older key.
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

  /** Rejects further `open`s. Resolves when all generations are idle, their fetches committed. */
  async quiet(): Promise<void> {
    this.#closing = true;
    await Promise.allSettled(this.#opening.values());
    while ([...this.#live.values()].some((generation) => !generation.isIdle)) {
      await this.#becameIdle.promise;
    }
  }

  /** Closes all idle generations. Called when space runs short and at shutdown. */
  closeIdle(): void {
    // Expired ones are not among the entries.
    this.#idle.purgeStale();
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
    // The digest is the same, so the bytes are too, but fills must expect the new validator.
    const { validator } = live.object.identity;
    const moved = !sameStrong(validator, identity.validator);
    // The origin became strict since: unverified bytes must not reach this request.
    const lax = isStrict(fetchContext) && !live.isStrict && live.object.attestedBy === null;
    if ((moved || lax) && identity.digest !== null) {
      if (live.isIdle) {
        this.#idle.delete(key);
        this.#close(key, live);
        return undefined;
      }
      // Unverified bytes of two representations must not be joined in one set of chunks.
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
        // An object that arrives without a length is opened under its first key the next time too.
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

  /** Moves a generation of now known length to its new key, if that is free. Returns its key. */
  #rekey(key: ObjectKey, generation: Generation): ObjectKey {
    if (generation.isEphemeral) return key;
    const { endReason: ended, object } = generation;
    // It ended while its manifest was rewritten, which restored what the end had removed.
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
    // lru-cache does not remove expired entries on its own.
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

  /** Takes a detached generation out of use: only its present readers read it, to the end. */
  #detached(key: ObjectKey, generation: Generation): void {
    if (this.#live.get(key) !== generation) return;
    this.#live.delete(key);
    this.#idle.delete(key);
    if (generation.object.identity.uniqueToken !== '') return;
    this.#onEnded(generation.object.identity, 'replaced');
    this.#remove(generation, 'replaced');
  }

  #remove(generation: Generation, reason: GenerationEnd): void {
    const removal = this.#services.chunks
      .remove(generation.object, DROP_REASONS[reason])
      .catch((error: unknown) => {
        this.#services.events.warn('an ended object could not be removed', error);
      });
    this.#removing = Promise.all([this.#removing, removal]).then(() => undefined);
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

/** The reason passed to the store for each end of a generation. */
const DROP_REASONS: Readonly<Record<GenerationEnd, DropReason>> = {
  replaced: 'replaced',
  'digest-mismatch': 'corrupt',
  incomplete: 'replaced',
  purged: 'purged',
};

function newKey(): ObjectKey {
  return randomBytes(ID_BYTES).toString('hex') as ObjectKey;
}

/**
 * Checks one object against a claimed digest (a pin, an origin's claim) while it is fetched, and
 * decides which chunks are withheld until the check has passed. BLAKE3 roots are computed from the
 * chunk ids alone; SHA-256 and git's SHA-1 are computed on a worker, in order. Chunks that have not
 * been hashed yet are leased, so that they are not evicted. Owned by a Generation.
 */
import { type HashStream, streamHashOf } from '../../compute/hash-pool.js';
import { native } from '../../compute/native.js';
import type { StreamHash } from '../../compute/protocol.js';
import { deferred } from '../../model/deferred.js';
import { type Digest, isRefutedBy } from '../../model/digest.js';
import type { OpenFile } from '../../model/segment.js';
import type { ObjectHandle } from '../../model/store.js';
import type { IntegrityState } from './integrity-state.js';
import type { CacheServices } from '../api/services.js';

export interface IntegrityOptions {
  readonly services: CacheServices;
  readonly object: ObjectHandle;
  /** True when the store holds a chunk: never, for an object that is not stored. */
  readonly isHeld: (index: number) => boolean;
  /** Returns the id of a chunk that was filled, stored or not. */
  readonly idOf: (index: number) => string | undefined;
  /** The claimed digest; `null` when none is claimed, or not yet. */
  readonly digest: Digest | null;
  readonly chunkCount: number;
  /** Release nothing before the whole object has passed. */
  readonly strict: boolean;
}

/** A chunk that is kept for the hasher: by a lease in the store, or by its memory file. */
interface Kept {
  readonly file: OpenFile | undefined;
  readonly lengthBytes: number;
  release(): void;
}

export class Integrity {
  readonly #services: CacheServices;
  readonly #object: ObjectHandle;
  readonly #digest: Digest | null;
  /** The hash that is computed from the bytes in order; `undefined` where none is. */
  readonly #sequential: StreamHash | undefined;
  readonly #chunkCount: number;
  readonly #idOf: (index: number) => string | undefined;
  readonly #strict: boolean;
  readonly #settled = deferred<IntegrityState>();
  readonly #kept = new Map<number, Kept>();
  /** Chunks whose bytes may have been released to readers, or soon will be. */
  readonly #known = new Set<number>();
  /** The chunks that complete the object; `all` when every chunk does. */
  #withheld: Set<number> | 'all' = new Set();
  #state: IntegrityState;
  #stream: HashStream | undefined;
  #next = 0;
  #hashing = false;

  constructor(options: IntegrityOptions) {
    this.#services = options.services;
    this.#object = options.object;
    this.#digest = options.digest;
    this.#sequential = streamHashOf(options.digest, options.object.identity.lengthBytes);
    this.#idOf = options.idOf;
    this.#chunkCount = options.chunkCount;
    this.#strict = options.strict;
    this.#state = initialState(options);
    if (this.#state.kind !== 'pending') {
      this.#settled.resolve(this.#state);
      return;
    }
    for (let index = 0; index < options.chunkCount; index += 1) {
      // A BLAKE3 root needs only ids, which are kept longer than their chunks' bytes.
      const id = options.digest?.algorithm === 'blake3' && options.object.record(index);
      if (options.isHeld(index)) this.#remember(index);
      else if (id) this.#known.add(index);
    }
    // Every chunk is known but the object was never checked (the last process ended before). A
    // client that resumes a download may lack any one chunk, so all of them are withheld.
    const complete = this.#known.size === options.chunkCount;
    if (options.strict || complete) this.#withheld = 'all';
    this.#advance();
  }

  get state(): IntegrityState {
    return this.#state;
  }

  /** True when the object is checked before anything of it is released. */
  get strict(): boolean {
    return this.#strict;
  }

  /** Resolves when the state is no longer `pending`. */
  get whenSettled(): Promise<IntegrityState> {
    return this.#settled.promise;
  }

  /**
   * True when chunk `index` may not be released yet. The decision is sticky: the first chunk for
   * which every other one is fetched or in flight completes the object, and remains withheld.
   */
  withholds(index: number): boolean {
    if (this.#state.kind === 'given-up') return this.#strict;
    if (this.#state.kind === 'mismatch') return true;
    if (this.#state.kind !== 'pending') return false;
    if (this.#withheld === 'all' || this.#withheld.has(index)) return true;
    if (this.#withheld.size > 0 || this.#known.has(index)) return false;
    if (this.#known.size < this.#chunkCount - 1) return false;
    this.#withheld.add(index);
    return true;
  }

  /** Records that a fill of the chunk begins: unless withheld, its bytes count as released. */
  starting(index: number): void {
    if (this.#state.kind !== 'pending') return;
    // Decided here, not only in a reader's call: several readers may have called `withholds` before
    // the first fill began.
    this.withholds(index);
    this.#known.add(index);
  }

  /**
   * Records that a fill failed: the next fetch of the chunk may complete the object. `wasReleased`:
   * a reader may have all bytes of the chunk, so that any other chunk completes the object for it.
   */
  failed(index: number, wasReleased: boolean): void {
    if (this.#kept.has(index) || index < this.#next || this.#idOf(index) !== undefined) return;
    if (wasReleased) this.#withheld = 'all';
    this.#known.delete(index);
  }

  /** True when the sequential hash has read the chunk: its bytes may not change any more. */
  hashed(index: number): boolean {
    return this.#sequential !== undefined && index < this.#next;
  }

  /** True when the check has all it needs of the chunk. */
  isDoneWith(index: number): boolean {
    if (this.#digest?.algorithm === 'blake3') return this.#idOf(index) !== undefined;
    return this.hashed(index) || this.#kept.has(index);
  }

  /** Records a filled chunk. `file` is given where the store did not take it. */
  filled(index: number, file: OpenFile | undefined, lengthBytes: number): void {
    if (this.#state.kind !== 'pending') return;
    if (file === undefined) this.#remember(index);
    else if (this.#needsBytes(index)) {
      file.retain();
      this.#kept.set(index, {
        file,
        lengthBytes,
        release: () => {
          file.release();
        },
      });
    }
    this.#advance();
  }

  /** Gives up the check to free the chunks kept for it; returns false where it keeps none. */
  giveUp(): boolean {
    if (this.#state.kind !== 'pending' || this.#kept.size === 0) return false;
    this.#services.events.verificationGivenUp();
    this.#settle({ kind: 'given-up' });
    return true;
  }

  /** Releases all kept chunks and drops the hash. */
  close(): void {
    for (const kept of this.#kept.values()) kept.release();
    this.#kept.clear();
    void this.#stream?.forget();
    this.#stream = undefined;
  }

  #needsBytes(index: number): boolean {
    return this.#sequential !== undefined && index >= this.#next && !this.#kept.has(index);
  }

  #remember(index: number): void {
    this.#known.add(index);
    if (!this.#needsBytes(index)) return;
    const lease = this.#services.chunks.lease(this.#object, index);
    const lengthBytes = this.#object.record(index)?.lengthBytes;
    if (lease === undefined || lengthBytes === undefined) return;
    this.#kept.set(index, { file: undefined, lengthBytes, release: lease.release.bind(lease) });
  }

  #advance(): void {
    const digest = this.#digest;
    if (digest === null || this.#state.kind !== 'pending') return;
    // An object without bytes has no chunks to hash: compare with the known digest of no bytes.
    if (this.#chunkCount === 0) {
      this.#compare(digest, isRefutedBy(digest, 0) ? '' : digest.hex);
      return;
    }
    if (this.#sequential === undefined) {
      this.#checkRoot(digest);
      return;
    }
    if (this.#hashing) return;
    this.#hashing = true;
    this.#followFills(digest, this.#sequential)
      .catch((error: unknown) => {
        this.#services.events.warn('hashing an object failed; its digest is not checked', error);
        this.#settle({ kind: 'given-up' });
      })
      .finally(() => {
        this.#hashing = false;
        // A chunk that was filled while the run was ending found `#hashing` still true.
        if (this.#kept.has(this.#next)) this.#advance();
      });
  }

  #checkRoot(digest: Digest): void {
    const ids: Buffer[] = [];
    for (let index = 0; index < this.#chunkCount; index += 1) {
      const id = this.#idOf(index);
      if (id === undefined) return;
      ids.push(Buffer.from(id, 'hex'));
    }
    this.#compare(digest, Buffer.from(native.rootId(Buffer.concat(ids))).toString('hex'));
  }

  /** Hashes the kept chunks in order, until one is missing or the whole object is hashed. */
  async #followFills(digest: Digest, hash: StreamHash): Promise<void> {
    while (this.#state.kind === 'pending' && this.#next < this.#chunkCount) {
      const kept = this.#kept.get(this.#next);
      if (kept === undefined) return;
      if (!(await this.#hash(hash, kept))) return;
      this.#kept.delete(this.#next);
      kept.release();
      this.#next += 1;
    }
    if (this.#isSettled()) return;
    this.#stream ??= this.#services.pools.hash.open(hash);
    const hex = await this.#stream.finish();
    this.#stream = undefined;
    this.#compare(digest, hex);
  }

  /** Hashes the next chunk; false when it is missing or the check has settled meanwhile. */
  async #hash(hash: StreamHash, kept: Kept): Promise<boolean> {
    this.#stream ??= this.#services.pools.hash.open(hash);
    if (kept.file !== undefined) {
      const result = await this.#stream.update(kept.file.fd, kept.lengthBytes);
      if (result.kind === 'unreadable') throw new Error(`chunk unreadable: ${result.errno}`);
      return !this.#isSettled();
    }
    const held = await this.#services.chunks.acquire(this.#object, this.#next);
    if (held === undefined) {
      // A leased chunk is not evicted, so it was dropped as damaged. Its refetch calls `filled`.
      this.#kept.get(this.#next)?.release();
      this.#kept.delete(this.#next);
      // Its bytes may have been released: withhold everything until the check has passed.
      this.#withheld = 'all';
      return false;
    }
    try {
      const result = await this.#stream.update(held.file.fd, kept.lengthBytes);
      if (result.kind === 'unreadable') throw new Error(`chunk unreadable: ${result.errno}`);
    } finally {
      held.release();
    }
    return !this.#isSettled();
  }

  #isSettled(): boolean {
    return this.#state.kind !== 'pending';
  }

  #compare(digest: Digest, hex: string): void {
    if (hex === digest.hex) {
      this.#services.events.objectVerified();
      // The object counts as attested at once. If the later manifest record is lost, the next
      // process checks the object again.
      this.#services.chunks.attest(this.#object, digest).catch((error: unknown) => {
        this.#services.events.warn('could not record that an object matches its digest', error);
      });
      this.#settle({ kind: 'attested' });
    } else {
      this.#services.events.chunkMismatched('origin');
      this.#settle({ kind: 'mismatch' });
    }
  }

  #settle(state: IntegrityState): void {
    if (this.#isSettled()) return;
    this.#state = state;
    this.close();
    this.#settled.resolve(state);
  }
}

function initialState({ object, digest }: IntegrityOptions): IntegrityState {
  if (digest === null) return { kind: 'unclaimed' };
  return { kind: object.attestedBy === null ? 'pending' : 'attested' };
}

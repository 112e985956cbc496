/**
 * Every path below the cache directory, and nothing else: what lies where is decided here only.
 *
 * In `/var/cache/forebay`, for the chunk `af1349b9...` (64 digits), the manifest `07c1...` and the
 * response record `e3b0...`:
 *
 *     /var/cache/forebay/forebay.json
 *     /var/cache/forebay/lock
 *     /var/cache/forebay/chunks/v1/af/af1349b9...
 *     /var/cache/forebay/manifests/v1/07/07c1...
 *     /var/cache/forebay/responses/v2/e3/e3b0...
 *     /var/cache/forebay/order/v1
 *     /var/cache/forebay/pins/v1
 *     /var/cache/forebay/admin-token
 *     /var/cache/forebay/hub-key
 *     /var/cache/forebay/sequence
 *     /var/cache/forebay/tmp/draft-0000002a
 *
 * Names are 64 hex digits (model/ids), so no input from outside can form another path. Once the
 * root is open (store/directory/root) all of them lead through its descriptor, whatever becomes of
 * its name.
 */
import { join } from 'node:path';
import type { ChunkId, ObjectKey, ResponseKey } from '../../model/ids.js';

/** Version of everything below; the trees carry it in their own paths as well. */
export const FORMAT_VERSION = 1;

const VERSION_DIRECTORY = `v${String(FORMAT_VERSION)}`;

/**
 * The directories that hold many files, cut into 256 shards by the first two digits of the name.
 */
export const TREES = ['chunks', 'manifests', 'responses'] as const;
export type Tree = (typeof TREES)[number];

/** A tree has a version of its own: what changes in one costs none of the others. */
const TREE_VERSIONS: Readonly<Record<Tree, string>> = {
  chunks: VERSION_DIRECTORY,
  manifests: VERSION_DIRECTORY,
  responses: 'v2',
};

/** Records of `responses/v1` hold what Vary names as clients sent it: tokens and cookies. */
const OUTDATED_TREES = ['responses/v1'] as const;

/** The file in the root that holds the admin API's token, where no other is configured. */
export const TOKEN_FILE = 'admin-token';

/** The file in the root that holds the cache's key: see store/directory/cache-key. */
export const KEY_FILE = 'hub-key';

/** The file in the root by which the order of questions outlives a restart. */
export const SEQUENCE_FILE = 'sequence';

const SHARD = /^[0-9a-f]{2}$/;
const DRAFT = /^draft-[0-9a-f]{8}$/;

/** True for the name of a shard directory. */
export function isShard(name: string): boolean {
  return SHARD.test(name);
}

/** True for the name of a file in `tmp/` that is ours to delete. */
export function isDraftName(name: string): boolean {
  return DRAFT.test(name);
}

/** The shard of a file name: its first two digits. */
export function shardOf(id: string): string {
  return id.slice(0, 2);
}

export class Layout {
  /** As it was named, for people. */
  readonly root: string;
  /** Where the system finds it. */
  #base: string;
  #drafts = 0;

  constructor(root: string) {
    this.root = root;
    this.#base = root;
  }

  /**
   * From now on every path leads through `base`, another name of the root: see
   * store/directory/root.
   */
  anchor(base: string): void {
    this.#base = base;
  }

  get base(): string {
    return this.#base;
  }

  get format(): string {
    return this.file('forebay.json');
  }

  get lock(): string {
    return this.file('lock');
  }

  get order(): string {
    return join(this.#base, 'order', VERSION_DIRECTORY);
  }

  get pins(): string {
    return join(this.#base, 'pins', VERSION_DIRECTORY);
  }

  get tmp(): string {
    return join(this.#base, 'tmp');
  }

  /** A file in the root, such as `TOKEN_FILE`. */
  file(name: string): string {
    return join(this.#base, name);
  }

  /** A path of this layout as people know it: below the root's own name. */
  shown(path: string): string {
    return path.startsWith(this.#base) ? this.root + path.slice(this.#base.length) : path;
  }

  /** Directories to make at start, parents first. Shards are made when they are first needed. */
  get directories(): readonly string[] {
    return [
      ...TREES.flatMap((tree) => [join(this.#base, tree), this.tree(tree)]),
      join(this.#base, 'order'),
      join(this.#base, 'pins'),
      this.tmp,
    ];
  }

  tree(tree: Tree): string {
    return join(this.#base, tree, TREE_VERSIONS[tree]);
  }

  /** Trees of formats that are read no more; they are deleted. */
  get outdated(): readonly string[] {
    return OUTDATED_TREES.map((tree) => join(this.#base, tree));
  }

  shard(tree: Tree, shard: string): string {
    return join(this.tree(tree), shard);
  }

  chunk(id: ChunkId): string {
    return join(this.shard('chunks', shardOf(id)), id);
  }

  manifest(key: ObjectKey): string {
    return join(this.shard('manifests', shardOf(key)), key);
  }

  response(key: ResponseKey): string {
    return join(this.shard('responses', shardOf(key)), key);
  }

  /** A name in `tmp/` not used before by this process; one process at a time uses the directory. */
  nextDraft(): string {
    this.#drafts += 1;
    return join(this.tmp, `draft-${(this.#drafts % 2 ** 32).toString(16).padStart(8, '0')}`);
  }
}

/**
 * Every path below the cache directory. No other file forms such paths.
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
 * root is open (store/directory/root), all paths lead through its descriptor, even when the root is
 * renamed.
 */
import { join } from 'node:path';
import type { ChunkId, ObjectKey, ResponseKey } from '../../model/ids.js';

/** Version of the whole directory. The paths of the trees have a version as well. */
export const FORMAT_VERSION = 1;

const VERSION_DIRECTORY = `v${String(FORMAT_VERSION)}`;

/** The directories of many files, each with 256 shards by the first two digits of the file name. */
export const TREES = ['chunks', 'manifests', 'responses'] as const;
export type Tree = (typeof TREES)[number];

/** A tree has a version of its own, so that a new format of one tree keeps the others. */
const TREE_VERSIONS: Readonly<Record<Tree, string>> = {
  chunks: VERSION_DIRECTORY,
  manifests: VERSION_DIRECTORY,
  responses: 'v2',
};

/** Records of `responses/v1` have raw values of fields that Vary names: tokens and cookies. */
const OUTDATED_TREES = ['responses/v1'] as const;

/** The file in the root that contains the admin API's token, unless another one is configured. */
export const TOKEN_FILE = 'admin-token';

/** The file in the root that contains the cache's key: see store/directory/cache-key. */
export const KEY_FILE = 'hub-key';

/**
 * The file in the root that keeps the order of requests to origins: see store/directory/sequence.
 */
export const SEQUENCE_FILE = 'sequence';

const SHARD = /^[0-9a-f]{2}$/;
const DRAFT = /^draft-[0-9a-f]{8}$/;

/** True for the name of a shard directory. */
export function isShard(name: string): boolean {
  return SHARD.test(name);
}

/** True for the name of a draft in `tmp/`, which a start deletes. */
export function isDraftName(name: string): boolean {
  return DRAFT.test(name);
}

/** Returns the shard of a file name: its first two digits. */
export function shardOf(id: string): string {
  return id.slice(0, 2);
}

export class Layout {
  /** The root as configured, for messages. */
  readonly root: string;
  /** The path of the root for system calls. */
  #base: string;
  #drafts = 0;

  constructor(root: string) {
    this.root = root;
    this.#base = root;
  }

  /**
   * Makes every path lead through `base`, another path of the root (`OpenRoot.base`).
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

  /** Returns the path of a file in the root, such as `TOKEN_FILE`. */
  file(name: string): string {
    return join(this.#base, name);
  }

  /** Returns a path of this layout for messages: below the root as configured. */
  shown(path: string): string {
    return path.startsWith(this.#base) ? this.root + path.slice(this.#base.length) : path;
  }

  /** Directories to create at start, parents first. Shards are created with their first file. */
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

  /** Trees of older formats, which a start deletes. */
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

  /** Returns a path in `tmp/` that this process, the only one here, has not used before. */
  nextDraft(): string {
    this.#drafts += 1;
    return join(this.tmp, `draft-${(this.#drafts % 2 ** 32).toString(16).padStart(8, '0')}`);
  }
}

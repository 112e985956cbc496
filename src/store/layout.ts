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
 *     /var/cache/forebay/responses/v1/e3/e3b0...
 *     /var/cache/forebay/order/v1
 *     /var/cache/forebay/pins/v1
 *     /var/cache/forebay/admin-token
 *     /var/cache/forebay/hub-key
 *     /var/cache/forebay/sequence
 *     /var/cache/forebay/tmp/draft-0000002a
 *
 * Names are 64 hex digits (model/ids), so no input from outside can form another path.
 */
import { join } from 'node:path';
import type { ChunkId, ObjectKey, ResponseKey } from '../model/ids.js';

/** Version of everything below; the trees carry it in their own paths as well. */
export const FORMAT_VERSION = 1;

const VERSION_DIRECTORY = `v${String(FORMAT_VERSION)}`;

/** The directories that hold many files, cut into 256 shards by the first two digits of the name. */
export const TREES = ['chunks', 'manifests', 'responses'] as const;
export type Tree = (typeof TREES)[number];

/** The file in the root that holds the admin API's token, where no other is configured. */
export const TOKEN_FILE = 'admin-token';

/** The file in the root that holds the key by which credentials for hubs are told apart. */
export const HUB_KEY_FILE = 'hub-key';

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
  readonly root: string;
  readonly format: string;
  readonly lock: string;
  readonly order: string;
  readonly pins: string;
  readonly tmp: string;
  #drafts = 0;

  constructor(root: string) {
    this.root = root;
    this.format = join(root, 'forebay.json');
    this.lock = join(root, 'lock');
    this.order = join(root, 'order', VERSION_DIRECTORY);
    this.pins = join(root, 'pins', VERSION_DIRECTORY);
    this.tmp = join(root, 'tmp');
  }

  /** Directories to make at start, parents first. Shards are made when they are first needed. */
  get directories(): readonly string[] {
    return [
      ...TREES.flatMap((tree) => [join(this.root, tree), this.tree(tree)]),
      join(this.root, 'order'),
      join(this.root, 'pins'),
      this.tmp,
    ];
  }

  tree(tree: Tree): string {
    return join(this.root, tree, VERSION_DIRECTORY);
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

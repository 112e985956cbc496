/**
 * Lists the files to pull for a model: queries the mirror for the commit of a revision and the
 * files in it, as huggingface_hub does before it downloads a snapshot. Used by admin/routes/pulls.
 */
import { z } from 'zod';
import { MAX_URLS, type PulledModel } from '../cache/operator/pulls.js';
import type { PullOrder } from '../cache/operator/pull-item.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import { nextLink } from '../model/link-field.js';
import { HubClient, type HubDeps, ListingError, notAHub } from './hub-client.js';
import { isWanted, type NamePatterns } from './name-patterns.js';
import { pullTarget } from './pull-target.js';

/** Shorter than the 30 s that commands wait for an answer of the admin API. */
export const LISTING_TIMEOUT_MS = 25_000;

/** Pages of a thousand entries each. A repository with more files must be pulled in parts. */
export const MAX_PAGES = 50;

/** `org/name` or `name` for a model, after `datasets/` or `spaces/` for another repository. */
const MODEL_NAME = /^(?:(datasets|spaces)\/)?(\w[\w.-]{0,95}(?:\/\w[\w.-]{0,95})?)$/;

export interface ModelRequest extends NamePatterns {
  readonly model: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  /** The hub token to send; `null`: none, or the mirror's own. */
  readonly token: string | null;
}

export interface ModelOrder {
  readonly model: PulledModel;
  readonly orders: readonly PullOrder[];
}

/**
 * Lists the files that the patterns select, at the current commit of the revision. Rejects with a
 * `ListingError`.
 */
export async function orderModel(request: ModelRequest, deps: HubDeps): Promise<ModelOrder> {
  const [, prefix, id] = MODEL_NAME.exec(request.model) ?? [];
  if (id === undefined || id.includes('..')) {
    throw new ListingError(404, 'no-such-model', `not the name of a model: ${request.model}`);
  }
  const abort = new AbortController();
  const cancelTimer = deps.clock.after(LISTING_TIMEOUT_MS, () => {
    abort.abort();
  });
  try {
    const credentials = credentialsOf(request.token);
    const client = new HubClient(deps, credentials, abort.signal, LISTING_TIMEOUT_MS);
    const api = `/api/${prefix ?? 'models'}/${id}`;
    const commit = await commitOf(client, `${api}/revision/${quoted(request.revision)}`);
    const files = await filesOf(client, `${api}/tree/${commit}`, request);
    const model = { id: request.model, revision: request.revision, commit };
    const orders = files.map(({ path, size }) => {
      const url = `${frontPathOf(model)}${path.split('/').map(quoted).join('/')}`;
      const target = pullTarget(url, deps.origins());
      if (target === undefined) throw notAHub(url);
      return { ...target, lengthBytes: size, headers: credentials };
    });
    return { model, orders };
  } finally {
    cancelTimer();
  }
}

/** Returns the prefix of the paths of a model's files at the client listener. */
export function frontPathOf({ id, commit }: Pick<PulledModel, 'id' | 'commit'>): string {
  return `/${id}/resolve/${commit}/`;
}

const revisionAnswer = z.object({ sha: z.string().regex(/^[0-9a-f]{40}$/) });

async function commitOf(client: HubClient, path: string): Promise<string> {
  const found = revisionAnswer.safeParse((await client.get(path)).value);
  if (!found.success) throw notAHub(path);
  return found.data.sha;
}

const treeEntry = z.object({
  type: z.string(),
  path: z.string().min(1).max(1024),
  size: z.int().nonnegative(),
});
type TreeEntry = z.output<typeof treeEntry>;
const treeAnswer = z.array(treeEntry);

async function filesOf(
  client: HubClient,
  tree: string,
  patterns: NamePatterns,
): Promise<readonly TreeEntry[]> {
  const wanted: TreeEntry[] = [];
  let next: string | undefined = `${tree}?recursive=true&expand=false`;
  for (let page = 0; next !== undefined; page += 1) {
    if (page === MAX_PAGES) throw tooMany();
    const { value, headers } = await client.get(next);
    const found = treeAnswer.safeParse(value);
    if (!found.success) throw notAHub(tree);
    wanted.push(
      ...found.data.filter(({ type, path }) => type === 'file' && isWanted(path, patterns)),
    );
    if (wanted.length > MAX_URLS) throw tooMany();
    next = nextPage(headers, tree);
  }
  if (wanted.length === 0) throw new ListingError(404, 'no-files', 'no file matches');
  return wanted;
}

/**
 * Returns the path and query of the next page (RFC 8288). The link's host is ignored: the request
 * goes through the mirror.
 */
function nextPage(headers: HeaderMap, tree: string): string | undefined {
  const link = nextLink(headerValue(headers, 'link') ?? '');
  const base = 'http://front.invalid';
  if (link === undefined || !URL.canParse(link, base + tree)) return undefined;
  const { pathname, search } = new URL(link, base + tree);
  if (pathname !== tree) throw notAHub(tree);
  return pathname + search;
}

function tooMany(): ListingError {
  const message = `more than ${String(MAX_URLS)} files: select fewer with --include or --exclude`;
  return new ListingError(422, 'too-many-files', message);
}

function credentialsOf(token: string | null): HeaderMap {
  const headers = emptyHeaders();
  if (token !== null) headers['authorization'] = `Bearer ${token}`;
  return headers;
}

/** Percent-encodes a path segment as huggingface_hub does, so that the URL is the same. */
function quoted(segment: string): string {
  return encodeURIComponent(segment).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

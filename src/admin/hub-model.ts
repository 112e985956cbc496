/**
 * Turns the name of a model into the files to pull: asks the mirror for the commit of a revision
 * and its files, as huggingface_hub does before it downloads a snapshot. Called by
 * admin/routes/pulls.
 */
import { z } from 'zod';
import { MAX_URLS, type PulledModel } from '../cache/operator/pulls.js';
import type { PullOrder } from '../cache/operator/pull-item.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import { nextLink } from '../model/link-field.js';
import { HubClient, type HubDeps, ListingError, notAHub } from './hub-client.js';
import { isWanted, type NamePatterns } from './name-patterns.js';
import { pullTarget } from './pull-target.js';

/** Commands wait 30 s for an answer of the admin API: this one comes before that. */
export const LISTING_TIMEOUT_MS = 25_000;

/** Pages of a thousand entries. A larger repository is no model, and is pulled in parts. */
export const MAX_PAGES = 50;

/** `org/name` or `name`; `datasets/` or `spaces/` precedes other repositories. */
const MODEL_NAME = /^(?:(datasets|spaces)\/)?(\w[\w.-]{0,95}(?:\/\w[\w.-]{0,95})?)$/;

export interface ModelRequest extends NamePatterns {
  readonly model: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  /** The token for the hub; `null`: none, or the operator's. */
  readonly token: string | null;
}

export interface ModelOrder {
  readonly model: PulledModel;
  readonly orders: readonly PullOrder[];
}

/** Lists the selected files, at the revision's current commit. Rejects with a `ListingError`. */
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

/** What the paths of a model's files begin with at the front. */
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
  if (wanted.length === 0)
    throw new ListingError(404, 'no-files', '--include and --exclude select no file of it');
  return wanted;
}

/** The next page (RFC 8288), requested from the mirror, whatever host the link names. */
function nextPage(headers: HeaderMap, tree: string): string | undefined {
  const link = nextLink(headerValue(headers, 'link') ?? '');
  const base = 'http://front.invalid';
  if (link === undefined || !URL.canParse(link, base + tree)) return undefined;
  const { pathname, search } = new URL(link, base + tree);
  if (pathname !== tree) throw notAHub(tree);
  return pathname + search;
}

function tooMany(): ListingError {
  const message = `more than ${String(MAX_URLS)} files: select some with --include or --exclude`;
  return new ListingError(422, 'too-many-files', message);
}

function credentialsOf(token: string | null): HeaderMap {
  const headers = emptyHeaders();
  if (token !== null) headers['authorization'] = `Bearer ${token}`;
  return headers;
}

/** As huggingface_hub quotes a segment of a path, so that it is the same URL. */
function quoted(segment: string): string {
  return encodeURIComponent(segment).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

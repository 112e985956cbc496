/** The operations that list and purge the objects in the cache. */
import type { Inventory, ListedObject } from '../../cache/operator/inventory.js';
import type { ObjectSelection } from '../../cache/operator/selection.js';
import { chunkCount } from '../../model/chunk.js';
import { formatDigest } from '../../model/digest.js';
import { fieldOf } from '../../model/validator.js';
import { type Endpoint, endpoint, json, problem } from '../endpoint.js';
import {
  errorBody,
  type ListedObjectBody,
  objectList,
  objectQuery,
  purgeReport,
  purgeRequest,
  type SelectionBody,
} from '../shapes.js';
import { iso } from '../transfers.js';

export function objectEndpoints(inventory: Inventory): Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/api/v1/objects',
      operationId: 'listObjects',
      summary: 'Lists objects by origin and URI, a page at a time.',
      mutates: false,
      query: objectQuery,
      answers: {
        200: { description: 'A page.', schema: objectList },
        400: { description: 'The cursor is not valid.', schema: errorBody },
      },
      handle: async ({ query, isTrusted }) => {
        const { origin = null, prefix = null, cursor = null, limit } = query;
        if (!isTrusted && prefix?.includes('?') === true) {
          return problem(403, 'token-required', 'a prefix with a query needs the admin token');
        }
        const selection = { origin, pathPrefix: prefix };
        const page = await inventory.list(selection, { after: cursor, limit, isTrusted });
        if (page === undefined) {
          return problem(400, 'bad-request', 'query.cursor: not the `next` of a page');
        }
        return json({ objects: page.objects.map(bodyOf), next: page.next });
      },
    }),
    endpoint({
      method: 'POST',
      path: '/api/v1/purge',
      operationId: 'purge',
      summary: 'Removes objects and stored responses; without a selection, all of them.',
      mutates: true,
      body: purgeRequest,
      answers: { 200: { description: 'What was or would be removed.', schema: purgeReport } },
      handle: async ({ body }) => {
        const { dryRun = false } = body;
        return json({ dryRun, ...(await inventory.purge(selectionOf(body), dryRun)) });
      },
    }),
  ];
}

/** Converts a selection to the form of the cache. */
export function selectionOf({ origin, pathPrefix }: SelectionBody): ObjectSelection {
  return { origin: origin ?? null, pathPrefix: pathPrefix ?? null };
}

function bodyOf(object: ListedObject): ListedObjectBody {
  const { identity, target, attestedBy, heldBytes, heldChunks, pinned, storedAtMs } = object;
  const { origin, uri, lengthBytes, chunkSizeBytes, digest, validator } = identity;
  return {
    origin,
    target,
    uri,
    lengthBytes,
    heldBytes,
    heldChunks,
    chunks: lengthBytes === null ? null : chunkCount(lengthBytes, chunkSizeBytes),
    integrity: attestedBy === null ? 'observed' : 'attested',
    digest: digest === null ? null : formatDigest(digest),
    validator: fieldOf(validator) ?? null,
    pinned,
    storedAt: storedAtMs === null ? null : iso(storedAtMs),
  };
}

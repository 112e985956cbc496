/**
 * The schemas of the admin API. The routes' validation, their types and /openapi.json are derived
 * from them. Fields in bytes end in `Bytes`, durations in `Ms`; times are ISO 8601 in UTC.
 */
import { z } from 'zod';

/** The shapes that /openapi.json lists by name. */
export const namedShapes = z.registry<{ id: string; description?: string }>();

const bytes = z.int().min(0);
const instant = z.iso.datetime();
const rate = z.number().min(0).nullable().describe('Measured between two requests; null at first.');
const originName = z.string().min(1).max(64);
const pathPrefix = z
  .string()
  .regex(/^\//)
  .max(4096)
  .describe("A prefix of the path below the origin's mount; both are canonicalised first.");

const sinceMs = z.int().min(0);

/** The states of model/transfer; test/admin/shapes compares the two. */
export const transferState = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('queued') }),
    z.object({ kind: z.literal('connecting') }),
    z.object({ kind: z.literal('receiving') }),
    z.object({ kind: z.literal('throttled') }),
    z.object({ kind: z.literal('verifying') }),
    z.object({ kind: z.literal('serving') }),
    z.object({ kind: z.literal('client-blocked') }),
    z.object({ kind: z.literal('stalled'), sinceMs, of: z.enum(['origin', 'client', 'disk']) }),
    z.object({ kind: z.literal('done') }),
    z.object({ kind: z.literal('failed'), cause: z.string() }),
  ])
  .register(namedShapes, {
    id: 'State',
    description:
      'stalled: nothing has happened for sinceMs, at least 1000, for no known reason. ' +
      'failed: cause is a code of docs/ERRORS.md.',
  });

const counts = {
  receivedBytes: bytes.describe('Received from an origin.'),
  verifiedBytes: bytes.describe(
    'The part of receivedBytes that matched chunk ids or a digest known before.',
  ),
  committedBytes: bytes.describe('The part of receivedBytes that is committed in the store.'),
};

export const transfer = z
  .object({
    id: z.string(),
    kind: z.enum(['request', 'fill']),
    origin: z.string(),
    target: z
      .string()
      .describe("Path and query below the origin's mount; `?…` for a query without the token."),
    startedAt: instant,
    state: transferState,
    lengthBytes: bytes.nullable().describe('The whole length; null while it is unknown.'),
    ...counts,
    sentBytes: bytes.optional().describe('Requests: bytes the kernel accepted for the client.'),
    rateBytesPerSecond: rate,
    method: z.string().optional(),
    requestId: z.string().optional(),
    range: z.string().optional().describe('Requests: the Range field.'),
    chunk: z.int().min(0).nullable().optional().describe('Fills: null before the origin answers.'),
  })
  .register(namedShapes, { id: 'Transfer' });

export const transferList = z
  .object({
    at: instant,
    transfers: z.array(transfer),
    omitted: z.int().min(0).describe('Running transfers beyond those listed.'),
  })
  .register(namedShapes, { id: 'Transfers' });

export const proof = z
  .object({
    directory: z.string().describe('The cache directory.'),
    address: z.string().describe('The local address and port at which the request arrived.'),
    proof: z
      .string()
      .describe(
        'HMAC-SHA256 in hex, keyed with the token, over the JSON array of the string ' +
          '`forebay admin proof 1`, the nonce, the directory and the address.',
      ),
  })
  .register(namedShapes, { id: 'Proof' });

export const cacheStatusSchema = z
  .object({
    directory: z.string().describe('The cache directory; commands compare it with their own.'),
    capacityBytes: bytes,
    usedBytes: bytes,
    reservedBytes: bytes,
    metadataBytes: bytes.describe('The part of usedBytes for manifests and response records.'),
    metadataCapacityBytes: bytes.describe('The most they may take: cache.metadataCapacity.'),
    memoryBytes: bytes,
    evictedBytes: bytes.describe('Since the start.'),
    writable: z.boolean().describe('False: nothing is stored; all answers go through memory.'),
    objects: z.int(),
    chunks: z.int(),
    orphans: z.int().describe('Chunks that belong to no object: evicted first.'),
    responses: z.int(),
  })
  .register(namedShapes, { id: 'Cache' });

export const objectQuery = z.strictObject({
  origin: originName.optional(),
  prefix: pathPrefix.optional(),
  cursor: z.string().max(32_768).optional().describe('`next` of the previous page.'),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

export const listedObject = z
  .object({
    origin: z.string(),
    target: z.string(),
    uri: z.string(),
    lengthBytes: bytes.nullable(),
    heldBytes: bytes,
    heldChunks: z.int(),
    chunks: z.int().nullable(),
    integrity: z.enum(['attested', 'observed']),
    digest: z
      .string()
      .nullable()
      .describe('The digest claimed for the whole object, `sha256:...`.'),
    validator: z.string().nullable(),
    pinned: z.boolean(),
    storedAt: instant.nullable().describe('When its stored response was received.'),
  })
  .register(namedShapes, { id: 'Object' });

export const objectList = z
  .object({ objects: z.array(listedObject), next: z.string().nullable() })
  .register(namedShapes, { id: 'Objects' });

export const selection = z.strictObject({
  origin: originName.optional(),
  pathPrefix: pathPrefix.optional(),
});

export const purgeRequest = z
  .strictObject({ ...selection.shape, dryRun: z.boolean().optional() })
  .register(namedShapes, { id: 'PurgeRequest' });

export const purgeReport = z
  .object({
    dryRun: z.boolean(),
    objects: z.int(),
    responses: z.int(),
    bytes: bytes.describe('In chunks of these objects; a chunk shared with another object stays.'),
  })
  .register(namedShapes, { id: 'PurgeReport' });

export const pin = z
  .strictObject({ origin: originName, pathPrefix })
  .register(namedShapes, { id: 'Pin' });

export const pinList = z.object({ pins: z.array(pin) }).register(namedShapes, { id: 'Pins' });

export const pinChange = z
  .object({
    pins: z.array(pin),
    kept: z.boolean().describe('False: it could not be written to disk; a restart loses it.'),
  })
  .register(namedShapes, { id: 'PinChange' });

export const pullItem = z
  .object({
    url: z.string(),
    origin: z.string(),
    target: z.string(),
    state: transferState,
    lengthBytes: bytes.nullable(),
    heldBytes: bytes.describe('Already held when the item began.'),
    ...counts,
    rateBytesPerSecond: rate,
    etaMs: sinceMs.nullable().describe('Time remaining at the measured rate; null without one.'),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
  })
  .register(namedShapes, { id: 'PullItem' });

export const pull = z
  .object({
    id: z.string(),
    model: z
      .object({ id: z.string(), revision: z.string(), commit: z.string() })
      .nullable()
      .describe('The model that the files belong to; null for a pull of URLs.'),
    state: z.enum(['running', 'done', 'failed', 'cancelled']),
    items: z.array(pullItem),
  })
  .register(namedShapes, { id: 'Pull' });

export const verification = z
  .object({
    id: z.string(),
    state: z.enum(['running', 'done', 'failed', 'cancelled']),
    startedAt: instant,
    chunks: z.object({
      total: z.int().describe('Held when it began.'),
      checked: z.int(),
      bad: z.int().describe('Corrupt, and dropped: the next reader fetches them again.'),
      skipped: z.int().describe('Evicted before they were checked, or not checkable now.'),
    }),
    checkedBytes: bytes,
    bad: z.array(z.object({ origin: z.string(), target: z.string(), chunk: z.int() })),
  })
  .register(namedShapes, { id: 'Verification' });

export const idParams = z.strictObject({ id: z.string().regex(/^[0-9a-f]{16}$/) });

export const errorBody = z
  .object({ error: z.object({ code: z.string(), message: z.string() }) })
  .register(namedShapes, { id: 'Error' });

export type TransferBody = z.infer<typeof transfer>;
export type TransferList = z.infer<typeof transferList>;
export type Pull = z.infer<typeof pull>;
export type PullItemBody = z.infer<typeof pullItem>;
export type VerificationBody = z.infer<typeof verification>;
export type ObjectList = z.infer<typeof objectList>;
export type ListedObjectBody = z.infer<typeof listedObject>;
export type CacheStatus = z.infer<typeof cacheStatusSchema>;
export type Proof = z.infer<typeof proof>;
export type SelectionBody = z.infer<typeof selection>;

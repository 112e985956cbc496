/**
 * The configuration, once: the zod schema from which the types, the defaults and docs/CONFIG.md
 * come. Keys are as people write them; `Config` is what the program uses, with units in its names.
 */
import { z } from 'zod';
import { isChunkSize } from '../model/chunk.js';
import { hostPattern, listenAddress, originUrl, path, repositoryPattern } from './kinds.js';
import { DEFAULT_HUB, hubOrigins, originSchema } from './origin-schema.js';
import { MIN_METADATA_BYTES } from './metadata.js';
import { withRules } from './rules.js';
import {
  choice,
  count,
  derivedText,
  duration,
  optionalText,
  section,
  size,
  sizeOrAuto,
  text,
  textList,
  toggle,
} from './setting.js';
import { log, tracing } from './telemetry-schema.js';

const listen = section({
  address: text(listenAddress, '127.0.0.1:7080', {
    meaning: 'Where clients connect. Port 0 lets the system choose.',
    flag: '--listen',
  }),
  hosts: textList(hostPattern, {
    meaning:
      'Host names that clients may use for this listener, `*.example.org` for all below one. Addresses, ' +
      "localhost, names of one label, the machine's own and those of Kubernetes services are always accepted. With none, " +
      'other names are accepted too, except for origins that a credential of yours is sent to.',
  }),
  maxConnections: count(10_000, 1, 1_000_000, {
    meaning: 'The most open client connections; one more is answered 503 with Retry-After.',
  }),
  headersTimeout: duration('10s', {
    meaning: 'The longest a request head may take to arrive.',
  }),
  requestTimeout: duration('30s', {
    meaning: 'The longest a whole request may take to arrive.',
  }),
  keepAliveTimeout: duration('75s', {
    meaning: 'How long an idle connection is kept for the next request.',
  }),
  clientIdleTimeout: duration('60s', {
    meaning: 'A client that takes no byte of its response for this long is disconnected.',
  }),
  clientMinRate: size('4KiB', 0, {
    meaning:
      'Bytes per second; a client that takes less although more is available, over `clientIdleTimeout`, ' +
      'is disconnected.',
  }),
  sendfile: toggle(true, {
    meaning:
      'Whether bodies go from the page cache to the connection by sendfile(2), where the platform ' +
      'has it (Linux), instead of through buffers.',
    flag: '--no-sendfile',
  }),
  hitThreads: count(2, 0, 64, {
    meaning:
      'Native threads that answer plain requests for at most 1 MiB of cached pages; ' +
      '0: none. They need `sendfile`.',
  }),
  drainTimeout: duration('30s', {
    meaning: 'How long running responses may go on after SIGTERM.',
  }),
  forwarded: choice(['any', 'forwarded', 'x-forwarded', 'none'], 'any', {
    meaning:
      'Which field of proxies names this server in links for clients: ' +
      'Forwarded (RFC 7239), else X-Forwarded-Proto and X-Forwarded-Host; one of the two; or none. ' +
      'Choose the one that your proxy sets on every request: the other comes from the client.',
  }),
});

const admin = section({
  address: text(listenAddress, '127.0.0.1:7081', {
    meaning: 'Where health, metrics and the API are served, on a listener of its own.',
    flag: '--admin',
  }),
  enabled: toggle(true, { meaning: 'Whether the admin listener is opened.' }),
  tokenFile: optionalText(path, '`admin-token` in the cache directory', {
    meaning:
      'The file with the token for changes through the admin API; created, with a random ' +
      'one, when missing.',
    flag: '--admin-token-file',
  }),
});

const cache = section({
  directory: derivedText(path, '$XDG_CACHE_HOME/forebay, else ~/.cache/forebay', {
    meaning: 'Where chunks are stored; created if missing. One process at a time may use it.',
    flag: '--cache-dir',
  }),
  capacity: sizeOrAuto({
    meaning:
      'The hard limit of the size of the cache directory. `auto`: 80 % of what is free on its ' +
      'file system plus what Forebay has stored there already; printed at start.',
    flag: '--capacity',
  }),
  chunkSize: size(
    '8MiB',
    0,
    {
      meaning: 'The unit of fetching, storing and evicting. Fixed for an existing cache directory.',
    },
    { holds: isChunkSize, expected: 'a power of two from 1MiB to 64MiB' },
  ),
  serveThroughMemory: size('256MiB', 0, {
    meaning: 'Memory for chunks that the disk cannot take: full, failing or read-only.',
  }),
  metadataCapacity: sizeOrAuto({
    meaning:
      'The part of `capacity` for manifests and response records, 16 KiB per object or more; beyond it the ' +
      'least recently used are evicted. `auto`: an eighth of `capacity`, 2GiB at most.',
    least: MIN_METADATA_BYTES,
  }),
  orderSnapshotInterval: duration('30s', {
    meaning: 'How often the order of use is saved for the next start.',
  }),
});

const fill = section({
  threads: count(2, 1, 64, { meaning: 'Worker threads that fetch and hash.' }),
  connectionsPerThread: count(16, 1, 64, {
    meaning:
      'Fills that one thread runs at once. Lanes, in all: threads times this; those beyond 4 a thread are ' +
      'for origins that gain from more connections, or for several origins at once.',
  }),
  verifyThreads: count(1, 1, 64, {
    meaning: 'Worker threads that verify stored chunks at their first read.',
  }),
  readAheadChunks: count(8, 0, 256, {
    meaning:
      'Chunks that one sequential reader may have in flight ahead of itself. It grows in proportion when an ' +
      'origin is allowed more connections than the 8 that it begins with.',
  }),
  connectTimeout: duration('5s', {
    meaning: 'Name lookup, TCP and TLS handshake, together.',
  }),
  firstByteTimeout: duration('8s', {
    meaning: 'From the request to the complete head of the response.',
  }),
  idleTimeout: duration('5s', { meaning: 'The longest silence within a body.' }),
  minRate: size('16KiB', 0, {
    meaning: 'Bytes per second; a slower body is continued on a second connection, once.',
  }),
  minRateWindow: duration('5s', { meaning: 'The time over which `minRate` is measured.' }, 1000),
  maxAttempts: count(5, 1, 100, {
    meaning: 'Attempts without progress before a fill fails, the first included.',
  }),
  retryBase: duration('100ms', {
    meaning: 'Attempt n waits a random time below `retryBase` times 2^n.',
  }),
  retryCap: duration('2s', { meaning: 'The longest such wait.' }),
  retryAfterCap: duration('5s', {
    meaning:
      'The longest Retry-After that Forebay waits itself; a longer one is left to the client.',
  }),
  requestTimeout: duration('60s', {
    meaning: "The longest a client's request waits for its next byte before it fails.",
  }),
});

const hub = section({
  endpoint: text(originUrl, DEFAULT_HUB, {
    meaning: 'The hub that is mirrored if no origin is configured.',
    flag: '--hf-endpoint',
  }),
  authorizationTtl: duration('5m', {
    meaning:
      'How long a permission of the hub is used before it is asked again. A token that is revoked there can read ' +
      'its files for this long.',
  }),
  offline: toggle(true, {
    meaning:
      'Whether stored files are served while the hub is unreachable, to clients that it has permitted before.',
  }),
  tokenFile: optionalText(path, 'none', {
    meaning:
      'A file with a token for the hub, used for clients that send none, and for the repositories of ' +
      '`tokenRepositories` alone.',
  }),
  tokenRepositories: textList(repositoryPattern, {
    meaning:
      'Repositories that any client may read with that token: `acme/model`, `acme/*`, `datasets/acme/*`.',
  }),
});

/** The configuration file's shape and the rules that join its keys. Input and output keys agree. */
export const fileSchema = withRules(
  section({
    listen: listen.prefault({}),
    admin: admin.prefault({}),
    cache,
    fill: fill.prefault({}),
    origins: z
      .array(originSchema, { error: 'a list of origins' })
      .min(1, { error: 'at least one origin' })
      .prefault(() => hubOrigins(DEFAULT_HUB)),
    hub: hub.prefault({}),
    log: log.prefault({}),
    tracing: tracing.prefault({}),
  }),
);

/** The schema with the program's names: sizes end in `Bytes`, durations in `Ms`. */
export const configSchema = fileSchema.transform((file) => ({
  listen: {
    address: file.listen.address,
    hosts: file.listen.hosts,
    maxConnections: file.listen.maxConnections,
    headersTimeoutMs: file.listen.headersTimeout,
    requestTimeoutMs: file.listen.requestTimeout,
    keepAliveTimeoutMs: file.listen.keepAliveTimeout,
    clientIdleTimeoutMs: file.listen.clientIdleTimeout,
    clientMinRateBytesPerSecond: file.listen.clientMinRate,
    sendfile: file.listen.sendfile,
    hitThreads: file.listen.hitThreads,
    drainTimeoutMs: file.listen.drainTimeout,
    forwarded: file.listen.forwarded,
  },
  admin: {
    address: file.admin.address,
    enabled: file.admin.enabled,
    tokenFile: file.admin.tokenFile ?? null,
  },
  cache: {
    directory: file.cache.directory,
    capacityBytes: file.cache.capacity,
    chunkSizeBytes: file.cache.chunkSize,
    serveThroughMemoryBytes: file.cache.serveThroughMemory,
    metadataCapacityBytes: file.cache.metadataCapacity,
    orderSnapshotIntervalMs: file.cache.orderSnapshotInterval,
  },
  fill: {
    threads: file.fill.threads,
    connectionsPerThread: file.fill.connectionsPerThread,
    verifyThreads: file.fill.verifyThreads,
    readAheadChunks: file.fill.readAheadChunks,
    connectTimeoutMs: file.fill.connectTimeout,
    firstByteTimeoutMs: file.fill.firstByteTimeout,
    idleTimeoutMs: file.fill.idleTimeout,
    minRateBytesPerSecond: file.fill.minRate,
    minRateWindowMs: file.fill.minRateWindow,
    maxAttempts: file.fill.maxAttempts,
    retryBaseMs: file.fill.retryBase,
    retryCapMs: file.fill.retryCap,
    retryAfterCapMs: file.fill.retryAfterCap,
    requestTimeoutMs: file.fill.requestTimeout,
  },
  origins: file.origins,
  hub: {
    endpoint: file.hub.endpoint,
    authorizationTtlMs: file.hub.authorizationTtl,
    offline: file.hub.offline,
    tokenFile: file.hub.tokenFile ?? null,
    tokenRepositories: file.hub.tokenRepositories,
  },
  log: file.log,
  tracing: { endpoint: file.tracing.endpoint ?? null, sampleRatio: file.tracing.sampleRatio },
}));

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

/** The whole configuration, checked; `loadConfig` makes it. */
export type Config = DeepReadonly<z.output<typeof configSchema>>;

/** The configuration that the program is assembled from: the capacity is a number. */
export type ResolvedConfig = Omit<Config, 'cache'> & {
  readonly cache: Omit<Config['cache'], 'capacityBytes'> & { readonly capacityBytes: number };
};

export type ListenConfig = Config['listen'];
export type AdminConfig = Config['admin'];
export type CacheConfig = ResolvedConfig['cache'];
export type FillConfig = Config['fill'];
export type TracingConfig = Config['tracing'];
export type LogConfig = Config['log'];
export type OriginConfig = Config['origins'][number];

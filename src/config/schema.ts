/**
 * The zod schema of the configuration, from which the types, the defaults and docs/CONFIG.md are
 * derived. Its keys are those of the file; `Config`, which the program uses, has units in its
 * names.
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
    meaning: 'The address that clients connect to. With port 0 the system chooses a port.',
    flag: '--listen',
  }),
  hosts: textList(hostPattern, {
    meaning:
      'Host names that clients may use for this listener; `*.example.org` allows all names below it. IP addresses, ' +
      "localhost, names of one label, the machine's own name and those of Kubernetes services are always allowed. " +
      'If the list is empty, other names are allowed too, except for origins that a credential of yours is sent to.',
  }),
  maxConnections: count(10_000, 1, 1_000_000, {
    meaning:
      'The maximum number of open client connections; a further one is answered 503 with Retry-After.',
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
    meaning: 'A client that receives no byte of its response for this long is disconnected.',
  }),
  clientMinRate: size('4KiB', 0, {
    meaning:
      'The lowest rate, in bytes a second, at which a client must receive available bytes; one that is slower over ' +
      '`clientIdleTimeout` is disconnected.',
  }),
  sendfile: toggle(true, {
    meaning:
      'Whether bodies are sent with sendfile(2) from the page cache, if the platform has it (Linux), instead of ' +
      'through buffers.',
    flag: '--no-sendfile',
  }),
  hitThreads: count(2, 0, 64, {
    meaning:
      'Threads that answer plain requests for at most 1 MiB in memory without the main thread; 0: none. They need ' +
      '`sendfile`.',
  }),
  drainTimeout: duration('30s', {
    meaning: 'How long responses in progress may continue after SIGTERM.',
  }),
  forwarded: choice(['any', 'forwarded', 'x-forwarded', 'none'], 'any', {
    meaning:
      "Which header fields of a proxy give this server's scheme and host for the links in responses. `any`: " +
      'Forwarded (RFC 7239), else X-Forwarded-Proto and X-Forwarded-Host; `forwarded` or `x-forwarded`: only those; ' +
      '`none`: neither. Choose the one that your proxy sets in each request: a client can send the other.',
  }),
});

const admin = section({
  address: text(listenAddress, '127.0.0.1:7081', {
    meaning: 'The address of a separate listener for health, metrics and the API.',
    flag: '--admin',
  }),
  enabled: toggle(true, { meaning: 'Whether the admin listener is opened.' }),
  tokenFile: optionalText(path, '`admin-token` in the cache directory', {
    meaning:
      'The file with the token that changes through the admin API require. If it is missing, it is created with a ' +
      'random token.',
    flag: '--admin-token-file',
  }),
});

const cache = section({
  directory: derivedText(path, '$XDG_CACHE_HOME/forebay, else ~/.cache/forebay', {
    meaning: 'The cache directory; created when missing. Only one process at a time may use it.',
    flag: '--cache-dir',
  }),
  capacity: sizeOrAuto({
    meaning:
      'The hard limit of the bytes that the cache directory takes. `auto`: 80 % of the sum of the free space on its ' +
      'file system and the present size of the cache; the start reports the result.',
    flag: '--capacity',
  }),
  chunkSize: size(
    '8MiB',
    0,
    {
      meaning:
        'The unit of fetching, storing and evicting. It cannot be changed for an existing cache directory.',
    },
    { holds: isChunkSize, expected: 'a power of two from 1MiB to 64MiB' },
  ),
  serveThroughMemory: size('256MiB', 0, {
    meaning:
      'Memory for chunks that cannot be written to the disk because it is full, failing or read-only.',
  }),
  metadataCapacity: sizeOrAuto({
    meaning:
      'The part of `capacity` that manifests and response records may take, 16 KiB an object or more; above it the ' +
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
      'The maximum number of concurrent fills of one thread. There are `threads` times as many lanes; those beyond 4 ' +
      'a thread are for origins that gain from more connections, or for several origins at once.',
  }),
  verifyThreads: count(1, 1, 64, {
    meaning: 'Worker threads that verify stored chunks at their first read.',
  }),
  readAheadChunks: count(8, 0, 256, {
    meaning:
      'The maximum number of chunks that are fetched ahead of one sequential reader. It grows in proportion when an ' +
      'origin gets more connections than the 8 that it starts with.',
  }),
  connectTimeout: duration('5s', {
    meaning: 'The longest time for name lookup, TCP and TLS handshake together.',
  }),
  firstByteTimeout: duration('8s', {
    meaning: 'The longest time from the request to the complete head of the response.',
  }),
  idleTimeout: duration('5s', { meaning: 'The longest time without a byte within a body.' }),
  minRate: size('16KiB', 0, {
    meaning:
      'The lowest rate of a body, in bytes a second; a slower one is continued on a second connection, once.',
  }),
  minRateWindow: duration('5s', { meaning: 'The time over which `minRate` is measured.' }, 1000),
  maxAttempts: count(5, 1, 100, {
    meaning:
      'The number of attempts without progress after which a fill fails, the first included.',
  }),
  retryBase: duration('100ms', {
    meaning: 'The wait before attempt n is random, below `retryBase` times 2^n.',
  }),
  retryCap: duration('2s', { meaning: 'The longest such wait.' }),
  retryAfterCap: duration('5s', {
    meaning:
      'The longest Retry-After of an origin that is waited for; a response with a longer one is sent to the client.',
  }),
  requestTimeout: duration('60s', {
    meaning: "The longest a client's request waits for its next byte before it fails.",
  }),
});

const hub = section({
  endpoint: text(originUrl, DEFAULT_HUB, {
    meaning: 'The hub to mirror when no origin is configured.',
    flag: '--hf-endpoint',
  }),
  authorizationTtl: duration('5m', {
    meaning:
      "How long the hub's permission for a client to read a file is valid here. A token that the hub revokes can " +
      'still read those files for this long.',
  }),
  offline: toggle(true, {
    meaning:
      'Whether stored files are served while the hub is unreachable, to clients that the hub had permitted to read ' +
      'them.',
  }),
  tokenFile: optionalText(path, 'none', {
    meaning:
      'A file with a token for the hub. It is sent only for clients that send none, and only for the repositories in ' +
      '`tokenRepositories`.',
  }),
  tokenRepositories: textList(repositoryPattern, {
    meaning:
      'Repositories that every client may read with the token in `tokenFile`: `acme/model`, `acme/*`, ' +
      '`datasets/acme/*`.',
  }),
});

/**
 * The configuration file's shape and the rules between its keys. Input and output have equal keys.
 */
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

/** The whole configuration, checked; `loadConfig` returns it. */
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

/**
 * Rules between keys. Each rule names the keys that it reads, and is checked only if these were
 * parsed without a problem, so that one run reports all problems.
 */
import type { z } from 'zod';
import { formatAddress, type ListenAddress } from './kinds.js';
import { baseLanes, MIN_CAPACITY_CHUNKS, minimumCapacityBytes } from './lanes.js';
import { mostMetadataBytes } from './metadata.js';
import { formatDuration, formatSize } from './units.js';

/** The values that rules read, as the schema parsed them. */
export interface RuledConfig {
  readonly listen: {
    readonly address: ListenAddress;
    readonly headersTimeout: number;
    readonly requestTimeout: number;
  };
  readonly admin: { readonly address: ListenAddress; readonly enabled: boolean };
  readonly cache: {
    readonly capacity: number | 'auto';
    readonly metadataCapacity: number | 'auto';
    readonly chunkSize: number;
    readonly serveThroughMemory: number;
  };
  readonly fill: {
    readonly threads: number;
    readonly connectionsPerThread: number;
    readonly connectTimeout: number;
    readonly firstByteTimeout: number;
    readonly retryBase: number;
    readonly retryCap: number;
    readonly requestTimeout: number;
  };
  readonly origins: readonly {
    readonly name: string;
    readonly mount: string;
    readonly adapter: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly proxy?: string | undefined;
    readonly proxyCredentialsFile?: string | undefined;
    readonly certFile?: string | undefined;
    readonly keyFile?: string | undefined;
  }[];
}

/** A broken rule: the key to change and the value expected there. */
export interface Breach {
  readonly path: readonly (string | number)[];
  readonly expected: string;
}

export interface Rule {
  /** Keys that it reads, as `section.key`, or `origins`. */
  readonly reads: readonly string[];
  check(config: RuledConfig): readonly Breach[];
}

const capacityHoldsTheWindow: Rule = {
  reads: ['cache.capacity', 'cache.chunkSize', 'fill.threads', 'fill.connectionsPerThread'],
  check({ cache, fill }) {
    const least = minimumCapacityBytes(cache.chunkSize, fill);
    if (cache.capacity === 'auto' || cache.capacity >= least) return [];
    const expected =
      `at least ${formatSize(least)}: ${String(MIN_CAPACITY_CHUNKS)} chunks of ` +
      `${formatSize(cache.chunkSize)} and one for each of ${String(baseLanes(fill))} fill lanes`;
    return [{ path: ['cache', 'capacity'], expected }];
  },
};

const metadataLeavesRoomForChunks: Rule = {
  reads: ['cache.capacity', 'cache.metadataCapacity'],
  check({ cache: { capacity, metadataCapacity } }) {
    if (capacity === 'auto' || metadataCapacity === 'auto') return [];
    if (metadataCapacity <= mostMetadataBytes(capacity)) return [];
    const expected = `at most half of cache.capacity, ${formatSize(mostMetadataBytes(capacity))}`;
    return [{ path: ['cache', 'metadataCapacity'], expected }];
  },
};

const memoryHoldsAChunk: Rule = {
  reads: ['cache.chunkSize', 'cache.serveThroughMemory'],
  check({ cache }) {
    if (cache.serveThroughMemory >= cache.chunkSize) return [];
    const expected = `at least one chunk, ${formatSize(cache.chunkSize)}`;
    return [{ path: ['cache', 'serveThroughMemory'], expected }];
  },
};

const headersArriveWithinTheRequest: Rule = {
  reads: ['listen.headersTimeout', 'listen.requestTimeout'],
  check({ listen }) {
    if (listen.headersTimeout <= listen.requestTimeout) return [];
    const most = formatDuration(listen.requestTimeout);
    const expected = `at most listen.requestTimeout, ${most}, of which it is a part`;
    return [{ path: ['listen', 'headersTimeout'], expected }];
  },
};

const clientsOutwaitOneAttempt: Rule = {
  reads: ['fill.requestTimeout', 'fill.connectTimeout', 'fill.firstByteTimeout'],
  check({ fill }) {
    const least = fill.connectTimeout + fill.firstByteTimeout;
    if (fill.requestTimeout >= least) return [];
    const expected = `at least fill.connectTimeout and fill.firstByteTimeout together, ${formatDuration(least)}`;
    return [{ path: ['fill', 'requestTimeout'], expected }];
  },
};

const retriesGrow: Rule = {
  reads: ['fill.retryBase', 'fill.retryCap'],
  check({ fill }) {
    if (fill.retryBase <= fill.retryCap) return [];
    const expected = `at most fill.retryCap, ${formatDuration(fill.retryCap)}`;
    return [{ path: ['fill', 'retryBase'], expected }];
  },
};

const listenersDiffer: Rule = {
  reads: ['listen.address', 'admin.address', 'admin.enabled'],
  check({ listen, admin }) {
    const address = formatAddress(admin.address);
    if (!admin.enabled || admin.address.port === 0) return [];
    if (address !== formatAddress(listen.address)) return [];
    return [{ path: ['admin', 'address'], expected: 'another address than listen.address' }];
  },
};

const originsDiffer: Rule = {
  reads: ['origins'],
  check: ({ origins }) => [...repeated(origins, 'mount'), ...repeated(origins, 'name')],
};

/**
 * Rejects a certificate without a key, a key without a certificate, credentials without a proxy.
 */
const filesComeInPairs: Rule = {
  reads: ['origins'],
  check: ({ origins }) =>
    origins.flatMap(({ proxy, proxyCredentialsFile, certFile, keyFile }, index) => {
      const breach = (key: string, expected: string): Breach => ({
        path: ['origins', index, key],
        expected,
      });
      const named = proxy !== undefined && proxy !== 'none';
      return [
        ...(certFile !== undefined && keyFile === undefined
          ? [breach('keyFile', 'the private key of the certificate in certFile')]
          : []),
        ...(keyFile !== undefined && certFile === undefined
          ? [breach('certFile', 'the certificate of the key in keyFile')]
          : []),
        ...(proxyCredentialsFile !== undefined && !named
          ? [breach('proxy', 'the URL of the proxy for proxyCredentialsFile')]
          : []),
      ];
    }),
};

/**
 * Rejects a credential in `headers` of a hub: sent with every request, it would give every client
 * access to all that it opens, while permissions of a hub are decided for each client.
 */
const hubsDecideForEachClient: Rule = {
  reads: ['origins'],
  check: ({ origins }) =>
    origins.flatMap(({ adapter, headers }, index) =>
      adapter !== 'huggingface'
        ? []
        : CREDENTIALS.filter((name) => name in headers).map((name) => ({
            path: ['origins', index, 'headers', name],
            expected:
              'no credential: clients send their own; for clients without one, set hub.tokenFile',
          })),
    ),
};

/** Fields with credentials of the sender. */
const CREDENTIALS = ['authorization', 'cookie'];

function repeated(origins: RuledConfig['origins'], key: 'mount' | 'name'): readonly Breach[] {
  const firstWith = new Map<string, number>();
  return origins.flatMap((origin, index) => {
    const value = origin[key];
    const first = firstWith.get(value);
    firstWith.set(value, first ?? index);
    if (first === undefined) return [];
    const expected = `another ${key}: origins[${String(first)}] already has \`${value}\``;
    return [{ path: ['origins', index, key], expected }];
  });
}

export const rules: readonly Rule[] = [
  capacityHoldsTheWindow,
  metadataLeavesRoomForChunks,
  memoryHoldsAChunk,
  headersArriveWithinTheRequest,
  clientsOutwaitOneAttempt,
  retriesGrow,
  listenersDiffer,
  originsDiffer,
  filesComeInPairs,
  hubsDecideForEachClient,
];

/** Adds every rule to the schema. */
export function withRules<Schema extends z.ZodType<RuledConfig>>(schema: Schema): Schema {
  let ruled = schema;
  for (const rule of rules) {
    ruled = ruled.superRefine(
      (config, context) => {
        for (const { path, expected } of rule.check(config)) {
          context.addIssue({ code: 'custom', path: [...path], message: expected });
        }
      },
      {
        when: ({ issues }) =>
          !issues.some((issue) => rule.reads.some((key) => leavesUnknown(issue, key))),
      },
    );
  }
  return ruled;
}

/**
 * Returns true if an issue leaves the value of `key` unknown: the issue is about the key, a part of
 * it, or its section. An unknown key in the same section may be a misspelling of it.
 */
function leavesUnknown(issue: z.core.$ZodRawIssue, key: string): boolean {
  const path = issue.path ?? [];
  if (issue.code === 'unrecognized_keys' && path.length === 0) return false;
  return key.split('.').every((part, depth) => depth >= path.length || path[depth] === part);
}

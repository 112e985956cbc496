/**
 * Joins settings, their files and the environment into the way to each origin. Used by load.
 */
import type { OriginReach, ProxyAddress } from '../model/reach.js';
import type { Problem } from './problem.js';
import { basic, readProxyEnvironment } from './proxies.js';
import { NOTHING, readReachFiles } from './reach-files.js';
import type { ReadText, SecretProblem } from './secrets.js';

/** The ways to all origins. */
export interface Reaching {
  /** Of settings that name files. */
  readonly problems: readonly SecretProblem[];
  /** Problems of variables; none if no origin uses the environment. */
  readonly unusable: readonly Problem[];
  /** The way to one origin of the list, as the schema read it. */
  of(origin: { readonly proxy?: string | undefined }, index: number): OriginReach;
}

/** Reads everything; `values` are those that the schema will read. Never throws. */
export function reachingOf(
  values: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
  readText: ReadText,
): Reaching {
  const { files, problems } = readReachFiles(values, readText);
  const environment = readProxyEnvironment(env);
  const asks = (origin: unknown): boolean =>
    typeof origin !== 'object' || origin === null || !('proxy' in origin);
  const { origins } = values;
  const isAsked = !Array.isArray(origins) || origins.some(asks);
  return {
    problems,
    unusable: isAsked ? environment.unusable.map(unusable) : [],
    of({ proxy }, index) {
      const { tls, proxyCredentials } = files[index] ?? NOTHING;
      if (proxy === undefined) {
        const { proxies, noProxy } = environment;
        return { proxies, noProxy, tls };
      }
      const setting = `origins[${String(index)}].proxy`;
      const authorization = proxyCredentials === null ? null : basic(proxyCredentials);
      const own: ProxyAddress | null =
        proxy === 'none' ? null : { url: proxy, authorization, setting };
      return { proxies: { http: own, https: own }, noProxy: null, tls };
    },
  };
}

/** The value may hold a password. */
function unusable(name: string): Problem {
  return {
    source: { kind: 'env', name },
    key: '',
    found: 'a proxy that cannot be used',
    expected:
      'an http or https URL such as http://proxy.example:3128, or `proxy` of each origin in the file',
    nearest: null,
  };
}

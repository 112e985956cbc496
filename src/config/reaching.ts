/**
 * Combines settings, their files and the environment into the way to reach each origin: proxy and
 * TLS material. Used by load.
 */
import type { OriginReach, ProxyAddress } from '../model/reach.js';
import type { Problem } from './problem.js';
import { basic, readProxyEnvironment } from './proxies.js';
import { NOTHING, readReachFiles } from './reach-files.js';
import type { ReadText, SecretProblem } from './secrets.js';

/** How to reach all origins. */
export interface Reaching {
  /** Problems with settings that name files. */
  readonly problems: readonly SecretProblem[];
  /** Problems with environment variables; none if every origin sets `proxy`. */
  readonly unusable: readonly Problem[];
  /** Returns how to reach one origin of the list, as the schema parsed it. */
  of(origin: { readonly proxy?: string | undefined }, index: number): OriginReach;
}

/** Reads files and variables; `values` are those that the schema will parse. Never throws. */
export function reachingOf(
  values: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
  readText: ReadText,
): Reaching {
  const { files, problems } = readReachFiles(values, readText);
  const environment = readProxyEnvironment(env);
  const usesEnvironment = (origin: unknown): boolean =>
    typeof origin !== 'object' || origin === null || !('proxy' in origin);
  const { origins } = values;
  const isUsed = !Array.isArray(origins) || origins.some(usesEnvironment);
  return {
    problems,
    unusable: isUsed ? environment.unusable.map(unusable) : [],
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

/** Returns the problem of a variable, without its value, which may contain a password. */
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

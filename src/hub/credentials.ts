/**
 * Finds the credential of a request and a key for it. The key is an HMAC, so that decisions made
 * for a credential can be stored, also on disk, without the credential itself. Built by assemble.
 */
import { matchesGlob } from '../config/glob.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import type { CacheKey } from '../store/directory/cache-key.js';
import { canonicalRepository } from './repository.js';

/** The operator's own token, for clients that send none. */
export interface ServerToken {
  readonly token: string;
  /** Patterns of the repositories that it may be used for. */
  readonly repositories: readonly string[];
}

/** One request's credentials. */
export interface Who {
  /** HMAC of the credential; empty for an anonymous request, whose permissions everybody shares. */
  readonly key: string;
  /** Request fields for the hub, the credential among them. */
  readonly headers: HeaderMap;
}

/** Client fields forwarded beside the credential. Via reveals a loop through this mirror. */
const FORWARDED = ['user-agent', 'via'];

/**
 * Repository names that the operator's token may be used for. A hub might take any other spelling
 * for another repository.
 */
const PLAIN_NAME = /^(?:(?:datasets|spaces)\/)?[\w.-]+(?:\/[\w.-]+)?$/;

export class Credentials {
  readonly #key: CacheKey;

  constructor(key: CacheKey) {
    this.#key = key;
  }

  /**
   * Returns the credential for a request to `repository`, a canonical name (hub/repository): the
   * client's, or the operator's token when the client sends none.
   */
  who(request: HeaderMap, repository: string | null, server: ServerToken | null): Who {
    const headers = emptyHeaders();
    for (const name of FORWARDED) {
      const value = headerValue(request, name);
      if (value !== undefined) headers[name] = value;
    }
    const own = headerValue(request, 'authorization');
    const isLent =
      repository !== null &&
      PLAIN_NAME.test(repository) &&
      !repository.split('/').some((segment) => /^\.+$/.test(segment)) &&
      server?.repositories.some((pattern) =>
        matchesGlob(canonicalRepository(pattern), repository),
      ) === true;
    const authorization = own ?? (isLent ? `Bearer ${server.token}` : undefined);
    if (authorization === undefined) return { key: '', headers };
    headers['authorization'] = authorization;
    return { key: this.#key.tag('credential', authorization), headers };
  }
}

/**
 * Identifies the requester: an HMAC distinguishes credentials, so that decisions can be stored,
 * also on disk, without the credential itself. Made by assemble.
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
  /** Empty without a credential: what is public is everybody's. */
  readonly key: string;
  /** Request fields for the hub, the credential among them. */
  readonly headers: HeaderMap;
}

/**
 * Client fields that the hub gets beside the credential; Via shows a hub that is a mirror of us.
 */
const FORWARDED = ['user-agent', 'via'];

/** Names that the operator's token is lent to: a hub might read others as another repository's. */
const PLAIN_NAME = /^(?:(?:datasets|spaces)\/)?[\w.-]+(?:\/[\w.-]+)?$/;

export class Credentials {
  readonly #key: CacheKey;

  constructor(key: CacheKey) {
    this.#key = key;
  }

  /**
   * The requester of something in `repository` (canonical, hub/repository): the client, or the
   * operator if the client sends no credential.
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

/** What the demo says to its child processes, and what they answer: one reply to each request. */

/** To the origin (origin-main). */
export type OriginRequest =
  | {
      readonly kind: 'serve';
      readonly directory: string;
      /** Strong entity-tags, quotes included, by file name. Nothing else is served. */
      readonly entityTags: Readonly<Record<string, string>>;
    }
  /** Asks for the counts since the last such request. */
  | { readonly kind: 'count' };

export interface OriginReply {
  /** Where it listens on 127.0.0.1. */
  readonly port: number;
  readonly requests: number;
  /** Body bytes handed to connections. */
  readonly bodyBytes: number;
}

/** To a client (client-main): get all of these at the same moment. */
export interface ClientRequest {
  readonly baseUrl: string;
  readonly names: readonly string[];
}

/** One response as a client saw it. */
export interface Fetched {
  readonly name: string;
  readonly status: number;
  readonly bytes: number;
  readonly sha256: string;
  /** The Cache-Status field (RFC 9211); empty when there was none. */
  readonly cacheStatus: string;
}

export type ClientReply =
  | { readonly kind: 'fetched'; readonly files: readonly Fetched[] }
  | { readonly kind: 'failed'; readonly reason: string };

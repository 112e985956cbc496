/**
 * The client of a Forebay's admin API, which runs in another process or in this one. Commands get a
 * client from session.ts and do not deal with HTTP.
 */
import { createParser } from 'eventsource-parser';
import { randomBytes } from 'node:crypto';
import { buildConnector, type Dispatcher, Pool } from 'undici';
import { endpointName, isProof } from '../admin/proof.js';
import type { ListenAddress } from '../config/kinds.js';
import { formatAddress } from '../config/kinds.js';
import { proof as proofShape } from '../admin/shapes.js';
import type {
  CacheStatus,
  ObjectList,
  Proof,
  Pull,
  PullRequest,
  Purged,
  Scope,
  Verification,
} from './api-types.js';

/** One connection for an event stream, and one so that other requests need not wait for its end. */
const CONNECTIONS = 2;
const NONCE_BYTES = 32;
/** Short, as the server is on this machine or near it. */
const CONNECT_TIMEOUT_MS = 2_000;
/** Long, as listing a large cache takes time. */
const HEAD_TIMEOUT_MS = 30_000;
/** Event streams have a heartbeat every 15 s. */
const SILENCE_TIMEOUT_MS = 45_000;
/** The maximum length of an event, far above that of a pull with the maximum number of URLs. */
const MAX_EVENT_CHARACTERS = 4 * 2 ** 20;

/** No server answers at the address, or its response is not one of Forebay. */
export class NotAnsweringError extends Error {
  readonly address: ListenAddress;
  /** True when a server answered, but not like Forebay. */
  readonly isOther: boolean;

  constructor(address: ListenAddress, why: string, cause?: unknown, isOther = false) {
    super(`the admin API at http://${formatAddress(address)} does not answer: ${why}`, { cause });
    this.name = 'NotAnsweringError';
    this.address = address;
    this.isOther = isOther;
  }
}

/** The server does not prove that it is the expected Forebay, so no secret is sent to it. */
export class UnprovenError extends Error {
  constructor(address: ListenAddress, why: string) {
    super(`the server at http://${formatAddress(address)} is not proven to be Forebay: ${why}`);
    this.name = 'UnprovenError';
  }
}

/** The API refused a request, with a code and a message. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
  }
}

type Method = 'GET' | 'POST' | 'DELETE';

export interface AdminClientOptions {
  /** Returns the token, for requests that change something; `null` if none is known. */
  readonly token: () => string | null;
  /** True when the server is in this process and need not prove that it knows the token. */
  readonly isOurs?: boolean;
}

export class AdminClient {
  readonly address: ListenAddress;
  readonly #token: () => string | null;
  readonly #isOurs: boolean;
  readonly #pool: Pool;
  /** Remote addresses of the pool's connections: a host name may have several. */
  readonly #reached = new Set<string>();

  /**
   * @param address that of a listener; an unspecified one (0.0.0.0, ::) is replaced by loopback.
   */
  constructor(address: ListenAddress, { token, isOurs = false }: AdminClientOptions) {
    this.address = reachable(address);
    this.#token = token;
    this.#isOurs = isOurs;
    const connect = buildConnector({ timeout: CONNECT_TIMEOUT_MS });
    this.#pool = new Pool(`http://${formatAddress(this.address)}`, {
      connections: CONNECTIONS,
      connect: (options, callback) => {
        connect(options, (...result) => {
          const [, socket] = result;
          if (socket) this.#reached.add(endpointName(socket.remoteAddress, socket.remotePort));
          callback(...result);
        });
      },
      headersTimeout: HEAD_TIMEOUT_MS,
      bodyTimeout: SILENCE_TIMEOUT_MS,
    });
  }

  /**
   * Checks that the server knows `token`, and that this client's connections end at the address on
   * which the server received the request. Rejects with an `UnprovenError` otherwise.
   */
  async prove(token: string): Promise<void> {
    const nonce = randomBytes(NONCE_BYTES).toString('hex');
    const { directory, address, proof } = await this.#proof(nonce);
    if (!isProof(token, { nonce, directory, address }, proof)) {
      throw new UnprovenError(this.address, 'it does not know the admin token');
    }
    if ([...this.#reached].every((reached) => reached === address)) return;
    const why = `a proxy or tunnel is in front of the Forebay at ${address}, and could read the token`;
    throw new UnprovenError(this.address, why);
  }

  async #proof(nonce: string): Promise<Proof> {
    const found = proofShape.safeParse(
      await this.#json('GET', `/api/v1/proof?nonce=${nonce}`).catch((error: unknown) => {
        if (error instanceof ApiError || (error instanceof NotAnsweringError && error.isOther))
          return undefined;
        throw error;
      }),
    );
    if (found.success) return found.data;
    throw new UnprovenError(this.address, 'it sends no proof that it knows the admin token');
  }

  cache(): Promise<CacheStatus> {
    return this.#json('GET', '/api/v1/cache');
  }

  /** Requests one page; `cursor` is `next` of the page before. */
  objects(scope: Scope, limit: number, cursor: string | null): Promise<ObjectList> {
    const query = new URLSearchParams({ limit: String(limit) });
    if (scope.origin !== undefined) query.set('origin', scope.origin);
    if (scope.pathPrefix !== undefined) query.set('prefix', scope.pathPrefix);
    if (cursor !== null) query.set('cursor', cursor);
    return this.#json('GET', `/api/v1/objects?${query.toString()}`);
  }

  purge(scope: Scope, dryRun: boolean): Promise<Purged> {
    return this.#json('POST', '/api/v1/purge', { ...scope, dryRun });
  }

  startPull(request: PullRequest): Promise<Pull> {
    return this.#json('POST', '/api/v1/pulls', request);
  }

  /** Yields every change of a pull, the last one after its end. Throws when the stream breaks. */
  pullEvents(id: string): AsyncIterable<Pull> {
    return this.#events(`/api/v1/pulls/${encodeURIComponent(id)}/events`, 'pull');
  }

  async cancelPull(id: string): Promise<void> {
    await this.#json('DELETE', `/api/v1/pulls/${encodeURIComponent(id)}`);
  }

  startVerification(scope: Scope): Promise<Verification> {
    return this.#json('POST', '/api/v1/verify', scope);
  }

  verification(id: string): Promise<Verification> {
    return this.#json('GET', `/api/v1/verify/${encodeURIComponent(id)}`);
  }

  async cancelVerification(id: string): Promise<void> {
    await this.#json('DELETE', `/api/v1/verify/${encodeURIComponent(id)}`);
  }

  /** Requests the text of /metrics. */
  async metrics(): Promise<string> {
    const { statusCode, body } = await this.#request('GET', '/metrics');
    if (statusCode !== 200)
      throw new NotAnsweringError(this.address, `status ${String(statusCode)}`);
    return body.text();
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #json<T>(method: Method, path: string, body?: object): Promise<T> {
    const response = await this.#request(method, path, body);
    return this.#read<T>(response);
  }

  async *#events<T>(path: string, name: string): AsyncIterable<T> {
    const response = await this.#request('GET', path);
    if (response.statusCode !== 200) await this.#read(response);
    const arrived: T[] = [];
    const parser = createParser({
      maxBufferSize: MAX_EVENT_CHARACTERS,
      onEvent: ({ event, data }) => {
        if (event === name) arrived.push(JSON.parse(data) as T);
      },
    });
    const decoder = new TextDecoder();
    try {
      for await (const bytes of response.body) {
        parser.feed(decoder.decode(bytes as Buffer, { stream: true }));
        yield* arrived.splice(0);
      }
    } catch (error) {
      throw new NotAnsweringError(this.address, reasonOf(error), error);
    }
  }

  async #request(method: Method, path: string, body?: object): Promise<Dispatcher.ResponseData> {
    const token = method === 'GET' ? null : await this.#provenToken();
    try {
      return await this.#pool.request({
        method,
        path,
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(token !== null && { authorization: `Bearer ${token}` }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    } catch (error) {
      throw new NotAnsweringError(this.address, reasonOf(error), error);
    }
  }

  /**
   * Returns the token after the server has proven that it knows it. The request that carries it may
   * contain other secrets too.
   */
  async #provenToken(): Promise<string | null> {
    const token = this.#token();
    if (this.#isOurs) return token;
    if (token === null) throw new UnprovenError(this.address, 'its admin token is not known here');
    await this.prove(token);
    return token;
  }

  /** Returns the parsed body of a successful response; throws an `ApiError` for other ones. */
  async #read<T>({ statusCode, body }: Dispatcher.ResponseData): Promise<T> {
    let text: string;
    try {
      text = await body.text();
    } catch (error) {
      throw new NotAnsweringError(this.address, reasonOf(error), error);
    }
    if (statusCode === 204) return undefined as T;
    const value = parsed(text);
    if (statusCode >= 200 && statusCode < 300 && typeof value === 'object') return value as T;
    const { code, message } = errorOf(value);
    if (code === undefined) {
      const why = `status ${String(statusCode)}, which is not an answer of Forebay`;
      throw new NotAnsweringError(this.address, why, undefined, true);
    }
    throw new ApiError(statusCode, code, message ?? code);
  }
}

function reachable({ host, port }: ListenAddress): ListenAddress {
  if (host === '0.0.0.0') return { host: '127.0.0.1', port };
  return host === '::' ? { host: '::1', port } : { host, port };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function errorOf(value: unknown): { readonly code?: string; readonly message?: string } {
  const error = (value as { readonly error?: unknown } | null | undefined)?.error;
  return typeof error === 'object' && error !== null ? error : {};
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}

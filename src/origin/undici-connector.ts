/**
 * Connections for undici 7, with a guard. Its HTTP/1.1 parser pauses while a body is not read. If
 * the origin closes the connection then, it throws an assertion in a socket event, which nothing
 * can catch, so the process ends (undici issue 5360, fixed in undici 8, which needs Node 22). Used
 * by the two clients that are built on undici.
 */
import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';
import type { Clock } from '../model/time.js';
import { connect, type ConnectPlace } from './connect.js';
import { timeoutError } from './transport-error.js';

/** What undici keeps at its socket under a symbol of this description. */
interface Parser {
  paused: boolean;
  resume(): void;
  /** `null` once it is freed. */
  readonly ptr: number | null;
  readonly llhttp: { llhttp_resume(parser: number): void };
}

const PARSER = 'parser';

/** It pauses once for each piece of a body: more than what a socket holds at its end. */
const MAX_PAUSES = 10_000;

/** Events in which undici's parser learns of the end. */
const ENDINGS = ['end', 'error', 'close'] as const;

/** What undici's connections are made by. */
export interface ConnectorOptions {
  readonly place: ConnectPlace;
  readonly clock: Clock;
  /** The connection's bound: undici does not report that it has lost interest. */
  readonly timeoutMs: number;
  readonly ca?: string | undefined;
}

/**
 * A connector for `Client` or `Pool`, which take it as `connect`. Whatever target they name, it is
 * `place`.
 */
export function guardedConnector(options: ConnectorOptions): buildConnector.connector {
  const { place, clock, timeoutMs, ca } = options;
  return (_target, callback) => {
    const late = new AbortController();
    const cancel = clock.after(timeoutMs, () => {
      late.abort();
    });
    connect(place, { clock, ca, signal: late.signal }).then(
      (socket) => {
        cancel();
        guard(socket);
        callback(null, socket);
      },
      (error: unknown) => {
        cancel();
        const outcome = late.signal.aborted
          ? timeoutError(`no connection within ${String(timeoutMs)} ms`)
          : error;
        callback(outcome as Error, null);
      },
    );
  };
}

/** Our listeners come before undici's, which it adds once it has the socket. */
function guard(socket: Socket): void {
  for (const event of ENDINGS) {
    socket.on(event, () => {
      finishReading(socket);
    });
  }
}

/**
 * Delivers the bytes that have arrived although the body is paused; the socket's buffer bounds
 * them.
 */
function finishReading(socket: Socket): void {
  const parser = parserOf(socket);
  if (parser === undefined) return;
  for (let pauses = 0; pauses < MAX_PAUSES && parser.paused && !socket.destroyed; pauses += 1) {
    parser.resume();
  }
  // No more bytes can come: the parser decides whether the body was complete.
  if (parser.ptr !== null) parser.llhttp.llhttp_resume(parser.ptr);
  parser.paused = false;
}

function parserOf(socket: Socket): Parser | undefined {
  const key = Object.getOwnPropertySymbols(socket).find(
    ({ description }) => description === PARSER,
  );
  const found: unknown = key && Reflect.get(socket, key);
  return isParser(found) ? found : undefined;
}

function isParser(value: unknown): value is Parser {
  return (
    typeof value === 'object' &&
    value !== null &&
    'paused' in value &&
    'resume' in value &&
    typeof value.resume === 'function' &&
    'llhttp' in value &&
    'ptr' in value
  );
}

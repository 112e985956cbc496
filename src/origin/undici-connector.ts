/**
 * Opens connections for undici 7, with a guard against a crash. undici's HTTP/1.1 parser pauses
 * while a body is not read. When the origin closes the connection meanwhile, undici fails an
 * assertion in the socket's event, where nothing can catch it, and the process ends (undici issue
 * 5360, fixed in undici 8, which needs Node 22). Used by undici-client and pass-client.
 */
import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';
import type { Clock } from '../model/time.js';
import { connect, type ConnectPlace } from './connect.js';
import { timeoutError } from './transport-error.js';

/** undici's parser, a property of its socket under a symbol with the description `PARSER`. */
interface Parser {
  paused: boolean;
  resume(): void;
  /** `null` once it is freed. */
  readonly ptr: number | null;
  readonly llhttp: { llhttp_resume(parser: number): void };
}

const PARSER = 'parser';

/** Most pauses to resume from: the parser pauses once per piece, and a socket holds fewer. */
const MAX_PAUSES = 10_000;

/** Events in which undici ends its parser. */
const ENDINGS = ['end', 'error', 'close'] as const;

export interface ConnectorOptions {
  readonly place: ConnectPlace;
  readonly clock: Clock;
  /** The bound on connecting: undici does not report that it no longer needs a connection. */
  readonly timeoutMs: number;
  readonly ca?: string | undefined;
}

/**
 * Returns a connector for the option `connect` of undici's `Client` and `Pool`. It ignores their
 * target and always connects to `place`.
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
        const reported = late.signal.aborted
          ? timeoutError(`no connection within ${String(timeoutMs)} ms`)
          : error;
        callback(reported as Error, null);
      },
    );
  };
}

/** Adds listeners that run before undici's, which undici adds when it gets the socket. */
function guard(socket: Socket): void {
  for (const event of ENDINGS) {
    socket.on(event, () => {
      finishReading(socket);
    });
  }
}

/**
 * Makes the parser process all bytes that have arrived, although undici's caller does not read the
 * body. The socket's buffers bound their number.
 */
function finishReading(socket: Socket): void {
  const parser = parserOf(socket);
  if (parser === undefined) return;
  for (let pauses = 0; pauses < MAX_PAUSES && parser.paused && !socket.destroyed; pauses += 1) {
    parser.resume();
  }
  // No more bytes can arrive: the parser can now check whether the message is complete.
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

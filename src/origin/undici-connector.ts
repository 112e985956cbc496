/**
 * Connections for undici 7, with a guard. Its HTTP/1.1 parser pauses while a body is not read; when the
 * origin closes the connection meanwhile, it throws an assertion out of the socket's event, where
 * nobody can catch it and the process ends (undici issue 5360, mended in undici 8, which needs Node 22).
 * Used by the two clients that are built on undici.
 */
import type { Socket } from 'node:net';
import type * as undici from 'undici';
import type { buildConnector } from 'undici';

type Undici = Pick<typeof undici, 'buildConnector'>;

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

/** Events in which undici tells its parser that there is no more to come. */
const ENDINGS = ['end', 'error', 'close'] as const;

/** A connector for `Client` or `Pool`, with the options that either takes as `connect`. */
export function guardedConnector(
  { buildConnector }: Undici,
  options: buildConnector.BuildOptions,
): buildConnector.connector {
  const connect = buildConnector(options);
  return (target, callback) => {
    connect(target, (...result) => {
      // Of a connection that failed undici gives the error alone, whatever its types say.
      const socket: Socket | null | undefined = result[1];
      if (socket) guard(socket);
      callback(...result);
    });
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

/** Hands over what has arrived, although the body is not read: it is bounded by what the socket holds. */
function finishReading(socket: Socket): void {
  const parser = parserOf(socket);
  if (parser === undefined) return;
  for (let pauses = 0; pauses < MAX_PAUSES && parser.paused && !socket.destroyed; pauses += 1) {
    parser.resume();
  }
  // Nothing more can be read: it may say now whether that was all.
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

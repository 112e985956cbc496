/**
 * Requests without any field that could change the answer, except a range: the only ones that a hot
 * hit (http/hits/hot-hits) may answer. All others go to http/exchange/exchange. Pure.
 */
import { isHost } from '../../model/host.js';

/** The parts of a plain request that the answer depends on. */
export interface PlainRequest {
  readonly method: 'GET' | 'HEAD';
  /** The Host field as it came. */
  readonly host: string;
  /** The Range field as it came. */
  readonly rangeField: string | null;
  readonly requestId: string | undefined;
}

/** Both inclusive, as in the field; `last` is `null` if it is absent. */
export interface PlainRange {
  readonly first: number;
  readonly last: number | null;
}

/** The parts of an `IncomingMessage` that are read. */
export interface RawHead {
  readonly method?: string | undefined;
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
}

type Meaning = 'host' | 'range' | 'request-id' | 'connection' | 'none';

/** `none`: the field is about the client alone, and a response that varies on it is no hot hit. */
const MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ['host', 'host'],
  ['range', 'range'],
  ['x-request-id', 'request-id'],
  ['connection', 'connection'],
  ['accept', 'none'],
  ['accept-encoding', 'none'],
  ['accept-language', 'none'],
  ['forwarded', 'none'],
  ['referer', 'none'],
  ['user-agent', 'none'],
  ['x-forwarded-for', 'none'],
  ['x-forwarded-host', 'none'],
  ['x-forwarded-proto', 'none'],
  ['x-real-ip', 'none'],
]);

/** One range from its first byte on; at most 15 digits, which a number holds exactly. */
const ONE_RANGE = /^bytes=(\d{1,15})-(\d{0,15})$/;

/** Reads a request head; `undefined` if it is not plain. */
export function readPlain({ method, httpVersion, rawHeaders }: RawHead): PlainRequest | undefined {
  if ((method !== 'GET' && method !== 'HEAD') || httpVersion !== '1.1') return undefined;
  let host: string | undefined;
  let rangeField: string | null = null;
  let requestId: string | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const value = rawHeaders[i + 1] ?? '';
    switch (MEANINGS.get((rawHeaders[i] ?? '').toLowerCase())) {
      case 'host':
        if (host !== undefined) return undefined;
        host = value;
        break;
      case 'range':
        if (rangeField !== null) return undefined;
        rangeField = value;
        break;
      case 'request-id':
        if (requestId !== undefined) return undefined;
        requestId = value;
        break;
      case 'connection':
        if (value.toLowerCase() !== 'keep-alive') return undefined;
        break;
      case 'none':
        break;
      case undefined:
        return undefined;
    }
  }
  if (host === undefined || !isHost(host)) return undefined;
  return { method, host, rangeField, requestId };
}

/** Reads a Range field; `undefined` unless it is one range that begins within `lengthBytes`. */
export function readPlainRange(field: string, lengthBytes: number): PlainRange | undefined {
  const match = ONE_RANGE.exec(field);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = match[2] === '' ? null : Number(match[2]);
  if (first >= lengthBytes || (last !== null && last < first)) return undefined;
  return { first, last };
}

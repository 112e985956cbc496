/**
 * The access log: one line per request, written when it ends. http/exchange/exchange and
 * http/server call it.
 */
import { pathAlone } from '../model/shown-url.js';
import type { Log } from './log.js';
import type { RequestRecord, UnreadRecord } from './request-record.js';

/** Longer paths are cut: no line grows with what a client sends. */
const MAX_PATH_CHARACTERS = 1024;
const MAX_RANGE_CHARACTERS = 128;

/** Writes a line for each request, or nothing if `log.access` is off. */
export class AccessLog {
  readonly #log: Log;
  enabled: boolean;

  constructor(log: Log, enabled: boolean) {
    this.#log = log;
    this.enabled = enabled;
  }

  requestFinished(record: RequestRecord): void {
    if (this.enabled) this.#log.info(accessLine(record), 'request');
  }

  unreadRequestRefused(record: UnreadRecord): void {
    if (this.enabled) this.#log.info(unreadLine(record), 'request');
  }
}

/** The fields of a request's line. The query is left out whole: it may sign the URL. */
export function accessLine(record: RequestRecord): Record<string, string | number | null> {
  return {
    method: record.method,
    path: pathOf(record.target),
    range: record.range === null ? null : cut(record.range, MAX_RANGE_CHARACTERS),
    status: record.status,
    bytes: record.bytesSent,
    result: record.result,
    ending: record.ending,
    ...(record.code !== null && { code: record.code }),
    originBytes: record.originBytes,
    waitMs: Math.round(record.waitMs),
    transferMs: Math.round(record.transferMs),
    requestId: record.requestId,
    ...(record.traceId !== null && { traceId: record.traceId }),
  };
}

/** The same fields for a request that was refused unread; unknown ones are `null`. */
export function unreadLine(record: UnreadRecord): Record<string, string | number | null> {
  return {
    method: record.method,
    path: record.target === null ? null : pathOf(record.target),
    range: null,
    status: record.status,
    bytes: record.bytesSent,
    result: 'refused',
    ending: record.ending,
    code: record.code,
    originBytes: 0,
    waitMs: null,
    transferMs: null,
    requestId: record.requestId,
  };
}

function pathOf(target: string): string {
  return cut(pathAlone(target), MAX_PATH_CHARACTERS);
}

function cut(text: string, maxCharacters: number): string {
  return text.length <= maxCharacters ? text : `${text.slice(0, maxCharacters)}...`;
}

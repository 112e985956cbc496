/**
 * Response records as JSON. Parsing checks every shape and makes maps without a prototype.
 */
import { type HeaderMap, toHeaderMap } from '../../model/headers.js';
import type { Hop } from '../../model/redirect-chain.js';
import type { ResponseRecord, StoredKind, StoredResponse } from '../../model/response.js';
import { identityJson, parseIdentity } from '../objects/identity-json.js';
import { decodeLines, encodeLine } from '../objects/record-line.js';

const KINDS: readonly StoredKind[] = ['response', 'hub-json', 'hub-permission', 'hub-refusal'];

/** Encodes a record as the one line of its file. */
export function encodeResponse(record: ResponseRecord): Buffer {
  const unsteady = { steadyTimeMs: undefined };
  const variants = record.variants.map((stored) => {
    const hops = stored.hops.map((hop) => ({ ...hop, ...unsteady }));
    return { ...stored, ...unsteady, hops, object: identityJson(stored.object) };
  });
  return encodeLine({ kind: 'response', record: { ...record, variants } });
}

/** Parses a record's file; returns `undefined` when it is damaged or no record. Never throws. */
export function parseResponse(bytes: Buffer): ResponseRecord | undefined {
  const [line] = decodeLines(bytes);
  const outer = asObject(line?.value);
  const fields = outer?.['kind'] === 'response' ? asObject(outer['record']) : undefined;
  if (fields === undefined) return undefined;
  const { origin, uri, acceptsRanges, variants: listed } = fields;
  if (typeof origin !== 'string' || typeof uri !== 'string') return undefined;
  if (typeof acceptsRanges !== 'boolean' || !Array.isArray(listed)) return undefined;
  const variants = listed.map(parseVariant).filter((variant) => variant !== undefined);
  return variants.length === listed.length ? { origin, uri, acceptsRanges, variants } : undefined;
}

function parseVariant(value: unknown): StoredResponse | undefined {
  const fields = asObject(value);
  if (fields === undefined) return undefined;
  const { status, requestTimeMs, responseTimeMs, order } = fields;
  if (!isNumber(status) || !isNumber(requestTimeMs) || !isNumber(responseTimeMs)) return undefined;
  if (!isNumber(order)) return undefined;
  const headers = parseHeaders(fields['headers']);
  const requestHeaders = parseHeaders(fields['requestHeaders']);
  const object = parseIdentity(fields['object']);
  const hops = parseHops(fields['hops']);
  const kind = KINDS.find((one) => one === fields['kind']);
  if (headers === undefined || requestHeaders === undefined) return undefined;
  if (object === undefined || hops === undefined || kind === undefined) return undefined;
  const times = { requestTimeMs, responseTimeMs, order };
  return { kind, status, headers, requestHeaders, ...times, hops, object };
}

/**
 * Returns `undefined` for a record without the list: it was written before redirects were stored,
 * so the redirects to its response are unknown.
 */
function parseHops(value: unknown): readonly Hop[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const hops = value.map(parseHop).filter((hop) => hop !== undefined);
  return hops.length === value.length ? hops : undefined;
}

function parseHop(value: unknown): Hop | undefined {
  const fields = asObject(value);
  const headers = parseHeaders(fields?.['headers']);
  if (fields === undefined || headers === undefined) return undefined;
  const { status, requestTimeMs, responseTimeMs, shown } = fields;
  if (!isNumber(status) || !isNumber(requestTimeMs) || !isNumber(responseTimeMs)) return undefined;
  if (!Array.isArray(shown) || !shown.every((name) => typeof name === 'string')) return undefined;
  return { status, headers, requestTimeMs, responseTimeMs, shown };
}

function parseHeaders(value: unknown): HeaderMap | undefined {
  const fields = asObject(value);
  if (fields === undefined || !Object.values(fields).every(isFieldValue)) return undefined;
  return toHeaderMap(fields as Record<string, string | string[]>);
}

function isFieldValue(value: unknown): boolean {
  if (typeof value === 'string') return true;
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)
    : undefined;
}

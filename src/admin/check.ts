/**
 * Checks a call against the shapes of its operation. A body is not coerced: if `null` or `""`
 * counted as `false`, a misspelt dry run would purge. Path and query are text, so their shapes may
 * read numbers. admin/server checks each call before its operation runs.
 */
import type { z } from 'zod';
import { type EndpointAnswer, type Call, type Endpoint, problem } from './endpoint.js';

/** The parsed request. */
export interface Offered {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** A checked call, without its caller and its listener. */
export type CheckedCall = Omit<Call<never, never, never>, 'isTrusted' | 'reachedAt'>;

export type Checked =
  /** In the operation's own shapes, with defaults filled in. */
  { readonly call: CheckedCall } | { readonly problem: EndpointAnswer };

/** The call, or 400 `bad-request` with the first thing that is wrong. */
export function checkedCall(
  { params, query, body }: Pick<Endpoint, 'params' | 'query' | 'body'>,
  offered: Offered,
): Checked {
  const call = { params: {}, query: {}, body: undefined as unknown };
  for (const [part, shape] of [
    ['params', params],
    ['query', query],
    ['body', body],
  ] as const) {
    if (shape === undefined) continue;
    const result = shape.safeParse(offered[part]);
    if (!result.success) return { problem: problem(400, 'bad-request', say(part, result.error)) };
    call[part] = result.data as Record<string, unknown>;
  }
  return { call: call as CheckedCall };
}

function say(part: string, { issues: [issue] }: z.ZodError): string {
  const place = [part, ...(issue?.path ?? [])].map(String).join('.');
  return `${place}: ${issue?.message ?? 'not as described'}`;
}

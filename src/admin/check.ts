/**
 * Validates a call against its operation's shapes. admin/server calls it before every operation. A
 * body is not coerced: were `null` or `""` read as `false`, a misspelt dry run would purge. Path
 * and query are text, so that a shape may parse numbers from them.
 */
import type { z } from 'zod';
import { type EndpointAnswer, type Call, type Endpoint, problem } from './endpoint.js';

/** The parsed parts of a request. */
export interface Offered {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** The validated parts of a call. */
export type CheckedCall = Omit<Call<never, never, never>, 'isTrusted' | 'reachedAt'>;

export type Checked =
  /** In the types of the operation's shapes, with defaults filled in. */
  { readonly call: CheckedCall } | { readonly problem: EndpointAnswer };

/** Returns the call, or a 400 `bad-request` that names the first invalid value. */
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
    if (!result.success)
      return { problem: problem(400, 'bad-request', messageOf(part, result.error)) };
    call[part] = result.data as Record<string, unknown>;
  }
  return { call: call as CheckedCall };
}

function messageOf(part: string, { issues: [issue] }: z.ZodError): string {
  const place = [part, ...(issue?.path ?? [])].map(String).join('.');
  return `${place}: ${issue?.message ?? 'not valid'}`;
}

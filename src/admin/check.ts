/**
 * Whether a call has the shapes that its operation asks for. A body is taken as it is: were `null`
 * or `""` read as `false`, a dry run that was misspelt would purge. The path and the query are
 * text, so a shape may read numbers from it. admin/server checks each call before its operation is
 * run.
 */
import type { z } from 'zod';
import { type EndpointAnswer, type Call, type Endpoint, problem } from './endpoint.js';

/** What came, parsed. */
export interface Offered {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** What was checked: all of a call but who makes it, and where it came in. */
export type CheckedCall = Omit<Call<never, never, never>, 'isTrusted' | 'reachedAt'>;

export type Checked =
  /** As the operation's own shapes have it, defaults filled in. */
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

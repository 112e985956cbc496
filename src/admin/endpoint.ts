/**
 * One operation of the admin API as data: its path, shapes, answers and handler. admin/server makes
 * routes of the operations, and admin/openapi a description.
 */
import type { ServerResponse } from 'node:http';
import type { z } from 'zod';

export type EndpointAnswer =
  | { readonly kind: 'json'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'text'; readonly status: number; readonly type: string; readonly text: string }
  /**
   * A stream of events. `join` takes over the response; at the limit of listeners it returns false
   * and writes nothing. `isTrusted`: the request carried the admin token.
   */
  | {
      readonly kind: 'events';
      readonly join: (response: ServerResponse, isTrusted: boolean) => boolean;
    };

/** An answer of an operation, for the description. */
export interface AnswerShape {
  readonly description: string;
  readonly type?: string;
  readonly schema?: z.ZodType;
}

export interface Call<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** True when the request carried the admin token. */
  readonly isTrusted: boolean;
  /** The local address and port of the connection, in the form of admin/proof. */
  readonly reachedAt: string;
}

export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** A path in the form of OpenAPI: `/api/v1/pulls/{id}`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  /** True when the operation changes something, and therefore needs the admin token. */
  readonly mutates: boolean;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** The longest body; by default admin/server's `BODY_LIMIT_BYTES`. */
  readonly bodyLimitBytes?: number;
  /** By status. admin/openapi adds the refusals common to all operations (400, 401, 403). */
  readonly answers: Readonly<Record<number, AnswerShape>>;
  /** Runs the operation on a validated call. */
  handle(call: Call<never, never, never>): EndpointAnswer | Promise<EndpointAnswer>;
}

interface Spec<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
> extends Omit<Endpoint, 'handle' | 'params' | 'query' | 'body'> {
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  handle(
    call: Call<z.output<Params>, z.output<Query>, z.output<Body>>,
  ): EndpointAnswer | Promise<EndpointAnswer>;
}

/** Returns the operation; types its handler by its shapes. */
export function endpoint<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
>(spec: Spec<Params, Query, Body>): Endpoint {
  return spec;
}

export function json(body: unknown, status = 200): EndpointAnswer {
  return { kind: 'json', status, body };
}

/** Returns an error in the form common to all errors of the API. */
export function problem(status: number, code: string, message: string): EndpointAnswer {
  return json({ error: { code, message } }, status);
}

/**
 * One operation of the admin API as data: path, shapes, answers, action. The server makes routes of
 * operations, admin/openapi their description.
 */
import type { ServerResponse } from 'node:http';
import type { z } from 'zod';

export type EndpointAnswer =
  | { readonly kind: 'json'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'text'; readonly status: number; readonly type: string; readonly text: string }
  /**
   * Takes over the response; returns false, and writes nothing, if there are too many listeners.
   * `isTrusted`: the listener holds the token.
   */
  | {
      readonly kind: 'events';
      readonly join: (response: ServerResponse, isTrusted: boolean) => boolean;
    };

/** What an operation answers with, for its description. */
export interface AnswerShape {
  readonly description: string;
  readonly type?: string;
  readonly schema?: z.ZodType;
}

export interface Call<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** It came with the admin token. */
  readonly isTrusted: boolean;
  /** The address and port at which the request came in, as admin/proof writes them. */
  readonly reachedAt: string;
}

export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** As in OpenAPI: `/api/v1/pulls/{id}`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  /** It changes something: it needs the token. */
  readonly mutates: boolean;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** The longest body; a small default if absent. */
  readonly bodyLimitBytes?: number;
  /** By status. What every operation may answer (403, 500) is added. */
  readonly answers: Readonly<Record<number, AnswerShape>>;
  /** The call was validated. */
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

/** An operation whose handler is typed by its shapes. */
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

/** An error as every error of the API looks. */
export function problem(status: number, code: string, message: string): EndpointAnswer {
  return json({ error: { code, message } }, status);
}

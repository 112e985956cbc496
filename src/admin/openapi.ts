/**
 * Generates the OpenAPI 3.1 description of a list of operations, from the shapes that validate
 * them. Used by admin/server.
 */
import { z } from 'zod';
import type { AnswerShape, Endpoint } from './endpoint.js';
import { errorBody, namedShapes } from './shapes.js';

type Json = Readonly<Record<string, unknown>>;

const REFUSALS: Readonly<Record<number, AnswerShape>> = {
  403: { description: 'The Host or Origin field names another host.', schema: errorBody },
};

const TOKEN_REFUSALS: Readonly<Record<number, AnswerShape>> = {
  401: { description: 'The admin token is missing or wrong.', schema: errorBody },
};

const INVALID: Readonly<Record<number, AnswerShape>> = {
  400: { description: 'The request is not valid.', schema: errorBody },
};

/** Returns the document; `version` is the program's. */
export function openApi(endpoints: readonly Endpoint[], version: string): Json {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const one of endpoints) {
    (paths[one.path] ??= {})[one.method.toLowerCase()] = operationOf(one);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Forebay admin API',
      version,
      description: 'Shows and changes the state of a Forebay. Changes need the admin token.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: schemas(),
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function operationOf(one: Endpoint): Json {
  const validated = one.params ?? one.query ?? one.body;
  const answers = {
    ...one.answers,
    ...REFUSALS,
    ...(one.mutates && TOKEN_REFUSALS),
    ...(validated && INVALID),
  };
  return {
    operationId: one.operationId,
    summary: one.summary,
    security: one.mutates ? [{ token: [] }] : [],
    parameters: [...parametersOf(one.params, 'path'), ...parametersOf(one.query, 'query')],
    ...(one.body && {
      requestBody: { required: true, content: { 'application/json': contentOf(one.body) } },
    }),
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, answer]) => [status, responseOf(answer)]),
    ),
  };
}

function responseOf({ description, type = 'application/json', schema }: AnswerShape): Json {
  const content = schema === undefined ? { schema: { type: 'string' } } : contentOf(schema);
  return { description, content: { [type]: content } };
}

function parametersOf(shape: z.ZodType | undefined, place: 'path' | 'query'): Json[] {
  if (!(shape instanceof z.ZodObject)) return [];
  return Object.entries(shape.shape as Record<string, z.ZodType>).map(([name, type]) => ({
    name,
    in: place,
    required: place === 'path',
    schema: inline(type),
  }));
}

/** Returns the schema of a content: a reference to a named shape, or any other shape inline. */
function contentOf(schema: z.ZodType): Json {
  const name = namedShapes.get(schema)?.id;
  return { schema: name === undefined ? inline(schema) : { $ref: refOf(name) } };
}

function inline(schema: z.ZodType): Json {
  return without(z.toJSONSchema(schema, { io: 'input' }), ['$schema']);
}

function schemas(): Json {
  const { schemas: named } = z.toJSONSchema(namedShapes, { uri: refOf, io: 'output' });
  return Object.fromEntries(
    Object.entries(named).map(([name, schema]) => [name, without(schema, ['$schema', '$id'])]),
  );
}

function without(value: object, names: readonly string[]): Json {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}

function refOf(name: string): string {
  return `#/components/schemas/${name}`;
}

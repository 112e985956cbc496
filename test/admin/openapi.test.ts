import t from 'tap';
import { z } from 'zod';
import { endpoint, json } from '#src/admin/endpoint.js';
import { openApi } from '#src/admin/openapi.js';
import { pin, purgeRequest } from '#src/admin/shapes.js';

t.test('an operation is described by the schemas that validate it', async (t) => {
  const one = endpoint({
    method: 'DELETE',
    path: '/things/{id}',
    operationId: 'drop',
    summary: 'Drops a thing.',
    mutates: true,
    params: z.strictObject({ id: z.string() }),
    query: z.strictObject({ limit: z.int().min(1).default(5) }),
    body: pin,
    answers: { 200: { description: 'It.', schema: pin } },
    handle: () => json({}),
  });
  const document = openApi([one], '1.2.3');
  t.match(document, {
    openapi: '3.1.0',
    info: { version: '1.2.3' },
    paths: {
      '/things/{id}': {
        delete: {
          operationId: 'drop',
          security: [{ token: [] }],
          parameters: [
            { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
            { name: 'limit', in: 'query', required: false, schema: { minimum: 1, default: 5 } },
          ],
          requestBody: { content: { 'application/json': { schema: { $ref: /schemas\/Pin$/ } } } },
          responses: { 200: {}, 400: {}, 401: {}, 403: {} },
        },
      },
    },
    components: { schemas: { Pin: { type: 'object', additionalProperties: false } } },
  });
  t.notMatch(JSON.stringify(document), /"\$id"|"\$schema"/);
});

t.test('a member that may be left out of a request is not required', (t) => {
  const document = openApi([], '1') as {
    components: { schemas: Record<string, { required?: string[]; properties: object }> };
  };
  const shape = document.components.schemas['PurgeRequest'];
  t.ok(shape !== undefined && 'dryRun' in shape.properties);
  t.same(shape?.required ?? [], []);
  t.same(purgeRequest.parse({}), {});
  t.end();
});

import t from 'tap';
import { Validation } from '#src/cache/answer/validation.js';
import { Cost } from '#src/cache/flight/cost.js';
import type { RequestContext } from '#src/cache/fetch/request-context.js';
import { storedResponse } from '../../fixtures/stored-response.js';

t.test('a background validation takes no permit of the client that it answered', async (t) => {
  const asked: RequestContext[] = [];
  const services = { clock: {}, limits: { fetch: {} }, events: { warn: () => t.fail() } };
  const ask = (context: RequestContext) => {
    asked.push(context);
    return Promise.resolve({ body: { close: () => undefined } });
  };
  const validation = new Validation(
    services as never,
    {} as never,
    ask as unknown as ConstructorParameters<typeof Validation>[2],
  );
  const aborted = new AbortController().signal;
  const context = {
    key: 'key',
    request: { signal: aborted },
    quota: { acquire: () => t.fail() },
    cost: new Cost(),
  } as unknown as RequestContext;
  validation.validateBeside(context, storedResponse({ etag: '"1"' }));
  await new Promise(setImmediate);
  t.equal(asked.length, 1);
  t.equal(asked[0]?.quota, undefined, 'it waits for no fetch of the client');
  t.not(asked[0]?.cost, context.cost, 'nor is its cost the request\u2019s');
  t.not(asked[0]?.request.signal, aborted, 'nor does it end with the client');
});

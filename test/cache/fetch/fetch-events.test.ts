import t from 'tap';
import type { RequestContext } from '#src/cache/fetch/request-context.js';
import { FetchEvents } from '#src/cache/fetch/fetch-events.js';
import { ForebayError } from '#src/model/errors.js';
import type { OriginHead } from '#src/model/fetch.js';

const HEAD: OriginHead = { status: 103, headers: {}, contentLength: null };

function asking(
  more: Partial<RequestContext['request']>,
  troubled?: RequestContext['troubled'],
): RequestContext {
  return { request: more, troubled } as RequestContext;
}

t.test('FetchEvents: waiting requests get interim responses until they stop waiting', async (t) => {
  const meanwhile = new FetchEvents();
  const heard: string[] = [];
  const leave = ['a', 'b'].map((name) =>
    meanwhile.follow(asking({ interim: ({ status }) => heard.push(name + String(status)) })),
  );
  meanwhile.report.interim(HEAD);
  leave[0]?.();
  meanwhile.report.interim(HEAD);
  t.same(heard, ['a103', 'b103', 'b103']);
});

t.test('FetchEvents: no interim response when an adapter speaks for the origin', async (t) => {
  const meanwhile = new FetchEvents();
  const adapter = { headers: {}, readHead: (head: OriginHead) => head };
  meanwhile.follow(asking({ adapter, interim: () => t.fail('it was told') }))();
  meanwhile.report.interim(HEAD);
});

t.test('FetchEvents: requests that join later get the reported trouble too', async (t) => {
  const meanwhile = new FetchEvents();
  const error = new ForebayError('origin-reset', 'x', { source: 'origin', retryable: true });
  meanwhile.report.troubled(error);
  const told = new Promise((resolve) => {
    meanwhile.follow(asking({}, resolve));
  });
  t.equal(await told, error);
});

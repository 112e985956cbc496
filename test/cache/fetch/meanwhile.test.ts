import t from 'tap';
import type { Asked } from '#src/cache/fetch/asked.js';
import { Meanwhile } from '#src/cache/fetch/meanwhile.js';
import { ForebayError } from '#src/model/errors.js';
import type { OriginHead } from '#src/model/fetch.js';

const HEAD: OriginHead = { status: 103, headers: {}, contentLength: null };

function asking(more: Partial<Asked['request']>, troubled?: Asked['troubled']): Asked {
  return { request: more, troubled } as Asked;
}

t.test('who waits hears of interim responses, until it waits no more', async (t) => {
  const meanwhile = new Meanwhile();
  const heard: string[] = [];
  const leave = ['a', 'b'].map((name) =>
    meanwhile.follow(asking({ interim: ({ status }) => heard.push(name + String(status)) })),
  );
  meanwhile.tells.interim(HEAD);
  leave[0]?.();
  meanwhile.tells.interim(HEAD);
  t.same(heard, ['a103', 'b103', 'b103']);
});

t.test('where an adapter speaks for the origin nobody does', async (t) => {
  const meanwhile = new Meanwhile();
  const adapter = { headers: {}, told: (head: OriginHead) => head };
  meanwhile.follow(asking({ asking: adapter, interim: () => t.fail('it was told') }))();
  meanwhile.tells.interim(HEAD);
});

t.test('trouble is told to who asks of it later too', async (t) => {
  const meanwhile = new Meanwhile();
  const error = new ForebayError('origin-reset', 'x', { source: 'origin', retryable: true });
  meanwhile.tells.troubled(error);
  const told = new Promise((resolve) => {
    meanwhile.follow(asking({}, resolve));
  });
  t.equal(await told, error);
});

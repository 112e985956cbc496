import t from 'tap';
import type { CacheAnswer, CacheFacade, CacheRequest } from '#src/cache/api/facade.js';
import { lookUp } from '#src/http/exchange/lookup-span.js';
import { emptyHeaders } from '#src/model/headers.js';

const HEAD = { status: 103, headers: emptyHeaders(), contentLength: null };

t.test('interim responses reach waiting requests, and none after the answer', async (t) => {
  let told = 0;
  let late: CacheRequest['interim'];
  const cache: Pick<CacheFacade, 'lookup'> = {
    lookup: async ({ interim }) => {
      interim?.(HEAD);
      late = interim;
      return {} as CacheAnswer;
    },
  };
  const request = {
    interim: () => {
      told += 1;
    },
  } as unknown as CacheRequest;
  await lookUp(cache as CacheFacade, request);
  t.equal(told, 1);
  late?.(HEAD);
  t.equal(told, 1, 'its contact goes on beside the answer');
});

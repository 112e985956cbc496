import t from 'tap';
import { NO_REDIRECTS } from '#src/model/redirect-chain.js';

t.test('an empty redirect chain leads to the URL itself', async (t) => {
  t.same(NO_REDIRECTS, { hops: [], place: '' });
});

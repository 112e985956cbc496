import t from 'tap';
import { NO_REDIRECTS } from '#src/model/redirect-chain.js';

t.test('no redirects lead to the URL itself', async (t) => {
  t.same(NO_REDIRECTS, { hops: [], place: '' });
});

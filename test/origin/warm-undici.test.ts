import * as undici from 'undici';
import t from 'tap';
import { warmUndici } from '#src/origin/warm-undici.js';

t.test('undici parses answers that come from no network', async (t) => {
  t.same(await warmUndici(undici), [302, 302, 302]);
});

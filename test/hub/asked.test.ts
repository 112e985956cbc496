/** How much a hub may be asked at once. */
import t from 'tap';
import { Asked, MAX_ASKED, MAX_ASKED_OF_CLIENT } from '#src/hub/asked.js';

t.test('one client has its part, and leaves room for another', (t) => {
  const asked = new Asked();
  const leaves = Array.from({ length: MAX_ASKED_OF_CLIENT }, () => asked.enter('greedy'));
  t.throws(() => asked.enter('greedy'), { code: 'overload', retryable: true });
  const other = asked.enter('other');
  leaves[0]?.();
  leaves[0] = asked.enter('greedy');
  other();
  for (const leave of leaves) leave();
  for (let i = 0; i < MAX_ASKED_OF_CLIENT; i += 1) asked.enter('greedy');
  t.end();
});

t.test('all of them together are bounded', (t) => {
  const asked = new Asked();
  const clients = Array.from({ length: MAX_ASKED }, (_, index) => String(index));
  const leaves = clients.map((client) => asked.enter(client));
  t.throws(() => asked.enter('one more'), { code: 'overload' });
  leaves[0]?.();
  asked.enter('one more');
  t.end();
});

/** How much a hub may be asked at once. */
import t from 'tap';
import { QuestionLimit } from '#src/hub/question-limit.js';

const MAX = 8;

t.test('one client has half of the questions and leaves room for another', (t) => {
  const asked = new QuestionLimit(MAX);
  const leaves = Array.from({ length: MAX / 2 }, () => asked.enter('greedy'));
  t.throws(() => asked.enter('greedy'), { code: 'overload', retryable: true });
  const other = asked.enter('other');
  leaves[0]?.();
  leaves[0] = asked.enter('greedy');
  other();
  for (const leave of leaves) leave();
  for (let i = 0; i < MAX / 2; i += 1) asked.enter('greedy');
  t.end();
});

t.test('the questions of all clients together are bounded', (t) => {
  const asked = new QuestionLimit(MAX);
  const clients = Array.from({ length: MAX }, (_, index) => String(index));
  const leaves = clients.map((client) => asked.enter(client));
  t.throws(() => asked.enter('one more'), { code: 'overload' });
  leaves[0]?.();
  asked.enter('one more');
  t.end();
});

import t from 'tap';
import { requestId } from '#src/http/request/request-id.js';

t.test('an acceptable request id is kept', (t) => {
  for (const id of ['a', 'A-1_b.c', 'x'.repeat(64)]) t.equal(requestId(id), id);
  t.end();
});

t.test('an unacceptable request id is replaced', (t) => {
  for (const id of [undefined, '', 'x'.repeat(65), 'a b', 'a\n', 'é', 'a"']) {
    t.equal(
      requestId(id, () => 'made'),
      'made',
    );
  }
  t.match(requestId(undefined), /^[0-9a-f]{16}$/);
  t.not(requestId(undefined), requestId(undefined));
  t.end();
});

t.test('request ids are unique', (t) => {
  const made = new Set(Array.from({ length: 2000 }, () => requestId(undefined)));
  t.equal(made.size, 2000);
  t.end();
});

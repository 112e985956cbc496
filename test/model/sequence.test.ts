import t from 'tap';
import { countFrom } from '#src/model/sequence.js';

t.test('each sequence number is greater than all before', (t) => {
  const sequence = countFrom(7);
  t.same([sequence.next(), sequence.next(), sequence.next()], [7, 8, 9]);
  t.end();
});

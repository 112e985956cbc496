import t from 'tap';
import { DECIDED_HERE, HOP_BY_HOP, OF_ONE_HOP } from '#src/model/hop-by-hop.js';

t.test('each hop-by-hop list contains the narrower one', async (t) => {
  t.ok([...HOP_BY_HOP].every((name) => OF_ONE_HOP.has(name)));
  t.ok([...OF_ONE_HOP].every((name) => DECIDED_HERE.has(name)));
  t.notOk(HOP_BY_HOP.has('content-length'), 'a length is of the message, not of the connection');
  t.notOk(DECIDED_HERE.has('authorization'), 'credentials travel');
});

import t from 'tap';
import { Purges } from '#src/cache/api/purges.js';

const A = { origin: 'o', uri: 'http://o/a' };
const B = { origin: 'o', uri: 'http://o/b' };

t.test('a purge covers selected requests that started before it', (t) => {
  const purges = new Purges();
  const before = purges.epoch;
  t.ok(purges.spares(A, before));
  purges.begin(({ uri }) => uri === A.uri);
  t.notOk(purges.spares(A, before));
  t.ok(purges.spares(B, before), 'nothing else');
  t.ok(purges.spares(A, purges.epoch), 'a request after the purge is spared');
  t.end();
});

t.test('Purges are bounded: requests older than a forgotten purge count as purged', (t) => {
  const purges = new Purges();
  const before = purges.epoch;
  for (let count = 0; count < 64; count += 1) purges.begin(() => false);
  t.ok(purges.spares(A, before));
  purges.begin(() => false);
  t.notOk(purges.spares(A, before));
  t.ok(purges.spares(A, before + 1));
  t.end();
});

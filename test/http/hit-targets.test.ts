import t from 'tap';
import { HitTargets } from '#src/http/hit-targets.js';
import type { StandingEntry } from '#src/http/standing.js';

/** Nothing of it is looked at. */
const ENTRY = {} as StandingEntry;

t.test('a URL has one token at a time, and no token comes again', (t) => {
  const targets = new HitTargets();
  const [a, b] = [targets.add('/a', ENTRY), targets.add('/b', ENTRY)];
  t.not(a, b);
  t.same(targets.current(a), { url: '/a', entry: ENTRY });
  t.equal(targets.forget('/a'), a);
  t.equal(targets.forget('/a'), undefined, 'once');
  const again = targets.add('/a', ENTRY);
  t.notOk([a, b].includes(again));
  t.equal(targets.current(a), undefined, 'it stands for nothing any more');
  t.equal(targets.current(again)?.url, '/a');
  t.equal(targets.current(99), undefined);
  t.end();
});

t.test('what was forgotten is known until the second sweep', (t) => {
  const targets = new HitTargets();
  const token = targets.add('/a', ENTRY);
  targets.sweep();
  targets.forget('/a');
  t.equal(targets.of(token)?.url, '/a', 'its last record is on the way');
  targets.sweep();
  t.equal(targets.of(token)?.url, '/a');
  targets.sweep();
  t.equal(targets.of(token), undefined);
  const kept = targets.add('/a', ENTRY);
  for (let sweeps = 0; sweeps < 3; sweeps += 1) targets.sweep();
  t.equal(targets.of(kept)?.url, '/a');
  t.end();
});

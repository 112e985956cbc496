import t from 'tap';
import { HitTokens, MAX_FORGOTTEN } from '#src/http/hits/hit-tokens.js';
import type { HotHit } from '#src/http/hits/hot-hits.js';

/** Nothing of it is looked at. */
const ENTRY = { origin: 'o', target: '/t' } as HotHit;

function added(targets: HitTokens, url: string): number {
  const token = targets.add(url, ENTRY);
  if (token === undefined) throw new Error('too many');
  return token;
}

t.test('a URL has one token at a time, and no token is reused', (t) => {
  const targets = new HitTokens();
  const [a, b] = [added(targets, '/a'), added(targets, '/b')];
  t.not(a, b);
  t.same(targets.current(a), { url: '/a', entry: ENTRY });
  t.equal(targets.forget('/a'), a);
  t.equal(targets.forget('/a'), undefined, 'once');
  const again = added(targets, '/a');
  t.notOk([a, b].includes(again));
  t.equal(targets.current(a), undefined, 'the token is void');
  t.equal(targets.current(again)?.url, '/a');
  t.equal(targets.current(99), undefined);
  t.end();
});

t.test('a forgotten token is known until the second sweep', (t) => {
  const targets = new HitTokens();
  const token = added(targets, '/a');
  targets.sweep();
  targets.forget('/a');
  t.equal(targets.of(token)?.url, '/a', 'its last record is on the way');
  targets.sweep();
  t.equal(targets.of(token)?.url, '/a');
  targets.sweep();
  t.equal(targets.of(token), undefined);
  const kept = added(targets, '/a');
  for (let sweeps = 0; sweeps < 3; sweeps += 1) targets.sweep();
  t.equal(targets.of(kept)?.url, '/a');
  t.end();
});

t.test('URLs that change faster than sweeps get no token', (t) => {
  const targets = new HitTokens();
  for (let i = 0; i < MAX_FORGOTTEN; i += 1) {
    added(targets, `/${String(i)}`);
    targets.forget(`/${String(i)}`);
  }
  t.equal(targets.add('/a', ENTRY), undefined);
  t.equal(targets.forget('/a'), undefined);
  targets.sweep();
  const token = added(targets, '/a');
  t.equal(targets.current(token)?.url, '/a');
  targets.forget('/a');
  t.same(targets.of(token), { url: '/a', entry: { origin: 'o', target: '/t' } }, 'and no head');
  t.end();
});

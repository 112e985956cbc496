import t from 'tap';
import { type Location, Locations } from '#src/origin/locations.js';

const at = (place: string, more: Partial<Location> = {}): Location => ({
  to: { url: `https://cdn.example/${place}`, addresses: 'any', expiresAtMs: null },
  elsewhere: true,
  chain: { hops: [], place },
  learntAtMs: 0,
  ...more,
});

t.test('Locations: finds the last place, and a requested one while it is known', async (t) => {
  const locations = new Locations();
  const [one, two] = [at('one'), at('two')];
  locations.learn('key', one);
  locations.learn('key', two);
  t.equal(locations.find('key', undefined, 1), two);
  t.equal(locations.find('key', 'one', 1), one);
  t.equal(locations.find('key', 'three', 1), two);
  t.equal(locations.find('other', 'one', 1), undefined);
  t.equal(locations.find('key', undefined, 60_000), undefined);
  t.equal(locations.find('key', 'one', 60_000), one);
  t.equal(locations.find('key', 'one', 600_000), undefined);
});

t.test('Locations: a signature bounds how long both are known', async (t) => {
  const locations = new Locations();
  const { to } = at('one');
  locations.learn('key', at('one', { to: { ...to, expiresAtMs: 30_000 } }));
  t.ok(locations.find('key', 'one', 19_999));
  t.equal(locations.find('key', 'one', 20_000), undefined);
});

t.test('Locations: a place that refused is forgotten, and no other', async (t) => {
  const locations = new Locations();
  const [one, two] = [at('one'), at('two')];
  locations.learn('key', one);
  locations.learn('key', two);
  locations.forget('key', two.to.url, undefined);
  t.equal(locations.find('key', 'two', 1), undefined);
  t.equal(locations.find('key', 'one', 1), one);
  locations.forget('key', one.to.url, 'one');
  t.equal(locations.find('key', 'one', 1), undefined);
});

t.test('Locations: remembered bytes are bounded', async (t) => {
  const locations = new Locations();
  const long = 'x'.repeat(8000);
  for (let i = 0; i < 2000; i += 1) locations.learn(String(i), at(`${String(i)}${long}`));
  t.equal(locations.last('0'), undefined);
  t.ok(locations.last('1999'));
});

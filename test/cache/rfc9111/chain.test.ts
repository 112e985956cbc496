import t from 'tap';
import { linksOf, mayReuse, timesAt, chainFields, variedFields } from '#src/cache/rfc9111/chain.js';
import {
  type Fields,
  RECEIVED,
  redirectHop,
  storedResponse,
} from '../../fixtures/stored-response.js';

const FRESH = { 'cache-control': 'public, max-age=600, immutable' };

const led = (fields: Fields, ...hops: Fields[]) =>
  storedResponse(fields, {}, { hops: hops.map((hop) => redirectHop(hop)) });

t.test('a redirect chain has its shortest lifetime and its greatest age', async (t) => {
  const chain = led(FRESH, { 'cache-control': 'max-age=60' }, { ...FRESH, age: '20' });
  t.same(timesAt(chain, RECEIVED + 10_000), { ageSeconds: 30, ttlSeconds: 50 });
  t.equal(timesAt(led(FRESH), RECEIVED).ttlSeconds, 600);
  t.equal(timesAt(led(FRESH, {}), RECEIVED).ttlSeconds, 0, 'no lifetime is none');
  t.equal(linksOf(chain).length, 3);
});

t.test('a permanent redirect has a tenth of its age, as any other answer', async (t) => {
  const modified = new Date(RECEIVED - 1_000_000).toUTCString();
  const permanent = (status: number, fields: Fields) =>
    timesAt({ ...led(FRESH), hops: [redirectHop(fields, { status })] }, RECEIVED).ttlSeconds;
  for (const status of [301, 308]) {
    t.equal(permanent(status, { 'last-modified': modified }), 100);
    t.equal(permanent(status, {}), 0, 'nothing to take a tenth of');
  }
  for (const status of [302, 303, 307]) {
    t.equal(permanent(status, { 'last-modified': modified }), 0, String(status));
  }
});

t.test('the Vary fields of all hops of a chain count together', async (t) => {
  t.same(variedFields(led({ vary: 'a' }, { vary: 'B, a' }, { vary: 'c' })), ['b', 'a', 'c']);
  t.equal(variedFields(led({}, { vary: 'a, *' })), 'any');
});

t.test('a chain with a redirect that may differ for another request is not reused', async (t) => {
  const may = (...hops: Fields[]) =>
    mayReuse(
      hops.map((hop) => redirectHop(hop)),
      RECEIVED + 1000,
    );
  t.ok(may(FRESH, FRESH));
  t.ok(may(), 'none at all');
  for (const other of [{}, { 'cache-control': 'max-age=1' }, { ...FRESH, age: '600' }]) {
    t.notOk(may(FRESH, other));
  }
  for (const word of ['no-cache', 'no-store', 'private']) {
    t.notOk(may({ 'cache-control': `${word}, max-age=60` }, FRESH), word);
  }
});

t.test('clients get the strictest freshness of a chain and all of its Vary', async (t) => {
  const told = (fields: Fields, ...hops: Fields[]) => {
    const chain = led(fields, ...hops);
    return chainFields(chain.headers, chain);
  };
  const plain = led(FRESH);
  t.equal(chainFields(plain.headers, plain), plain.headers);
  t.equal(told(FRESH, FRESH)['cache-control'], FRESH['cache-control'], 'as strict alone');
  t.equal(told(FRESH, {})['cache-control'], 'max-age=0');
  t.equal(told(FRESH, { 'cache-control': 'max-age=60' })['cache-control'], 'max-age=60');
  t.equal(
    told(FRESH, { 'cache-control': 'no-cache, must-revalidate, max-age=9' })['cache-control'],
    'no-cache, must-revalidate, max-age=9',
  );
  t.equal(told(FRESH, { 'cache-control': 'private' })['cache-control'], 'private, max-age=0');
  const own = told(
    { 'cache-control': 's-maxage=600, max-age=5' },
    { 'cache-control': 'max-age=9' },
  );
  t.equal(own['cache-control'], 'max-age=5', 'for whom the shorter was meant');
  const expiring = told({ expires: new Date(RECEIVED + 9e6).toUTCString() }, {});
  t.same([expiring['expires'], expiring['cache-control']], [undefined, 'max-age=0']);
  t.equal(told({ vary: 'Accept' }, { vary: 'X-A, Accept' })['vary'], 'X-A, Accept');
});

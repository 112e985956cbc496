import t from 'tap';
import { hindranceOf, Hindrances } from '#src/cache/fetch/hindrances.js';
import { toHeaderMap } from '#src/model/headers.js';
import { startRoom } from '../../fixtures/running-room.js';
import { fresh } from '../../fixtures/running-origin.js';
import { type Fields, redirectHop, storedResponse } from '../../fixtures/stored-response.js';

const FRESH = { 'cache-control': 'max-age=60' };
const found = (request: Fields, headers: Fields, hop?: Parameters<typeof redirectHop>) =>
  hindranceOf(toHeaderMap(request), {
    ...storedResponse(headers),
    hops: hop === undefined ? [] : [redirectHop(...hop)],
  })?.field;

t.test('a hindrance names the field that makes answers private to their client', async (t) => {
  t.equal(found({}, { 'set-cookie': 'node=1' }), 'Set-Cookie');
  t.equal(found({}, FRESH, [{ 'set-cookie': '' }]), 'Set-Cookie', 'of a redirect too');
  t.equal(found({}, { ...FRESH, vary: 'a, *' }), 'Vary: *');
  t.equal(found({ authorization: 'a' }, FRESH), 'authorization');
  t.equal(found({ 'private-token': 'a' }, FRESH), 'private-token');
  t.equal(found({ cookie: 'a' }, {}), 'cookie');
  t.equal(found({ 'x-odd': '1' }, FRESH, [FRESH, { shown: ['x-odd'] }]), 'x-odd');
  t.equal(found({}, { ...FRESH, vary: 'X-Client-Id' }), 'Vary: x-client-id');
  t.equal(found({}, { ...FRESH, vary: 'Cookie' }), 'Vary: cookie');
});

t.test('no hindrance is reported when responses are shared, or private on purpose', async (t) => {
  t.equal(found({}, FRESH), undefined);
  t.equal(found({}, { ...FRESH, 'set-cookie': 'a=b' }), undefined, 'kept without the cookie');
  t.equal(found({}, { 'cache-control': 'no-store', 'set-cookie': 'a' }), undefined);
  t.equal(found({ 'cache-control': 'no-store', authorization: 'a' }, FRESH), undefined);
  t.equal(found({}, { ...FRESH, vary: 'accept, user-agent' }), undefined);
});

t.test('a hindrance is reported once for each origin and kind', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 1) } });
  const told: string[] = [];
  const hindrances = new Hindrances((origin, field) => told.push(`${origin} ${field}`));
  const look = (headers: Fields): void => {
    hindrances.look(room.upstream, toHeaderMap({}), storedResponse(headers));
  };
  for (let i = 0; i < 3; i += 1) look({ 'set-cookie': String(i) });
  look({ vary: '*' });
  look(FRESH);
  const { name } = room.upstream;
  t.same(told, [`${name} Set-Cookie`, `${name} Vary: *`]);
});

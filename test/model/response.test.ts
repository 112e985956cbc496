import t from 'tap';
import { MAX_VARIANTS } from '#src/model/response.js';
import { responseKey } from '#src/store/objects/keys.js';
import { startRoom } from '../fixtures/running-room.js';
import { FRESH } from '../fixtures/running-origin.js';
import { toHeaderMap } from '#src/model/headers.js';

t.test('a hostile Vary does not grow a record beyond its bound', async (t) => {
  const fields = { Vary: 'X-Any' };
  const room = await startRoom(t, {
    objects: { '/a': { bytes: Buffer.from('small'), cacheControl: FRESH, fields } },
  });
  for (let value = 0; value < MAX_VARIANTS + 3; value += 1) {
    const headers = toHeaderMap({ 'x-any': String(value) });
    const answer = await room.cache.lookup(room.request('/a', { headers }));
    answer.body.close();
  }
  const record = await room.responses.get(responseKey('origin', room.upstream.uriOf('/a')));
  t.equal(record?.variants.length, MAX_VARIANTS);
  const newest = room.services.tag('x-any', String(MAX_VARIANTS + 2));
  t.equal(record?.variants[0]?.requestHeaders['x-any'], newest, 'newest first');
});

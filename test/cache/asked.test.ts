import t from 'tap';
import { type Asked, wantOf } from '#src/cache/asked.js';
import { Cost } from '#src/cache/cost.js';
import { toHeaderMap } from '#src/model/headers.js';
import { responseKey } from '#src/store/keys.js';
import { startRoom } from '../fixtures/running-room.js';
import { identityOf } from '../fixtures/store-chunks.js';

t.test('a want repeats what selects the variant, and counts what it costs', async (t) => {
  const room = await startRoom(t);
  const { upstream } = room;
  const uri = upstream.uriOf('/a');
  const request = room.request('/a');
  const asked: Asked = {
    request,
    upstream,
    source: upstream.source(uri, request.headers),
    key: responseKey(upstream.name, uri),
    epoch: 0,
    alone: false,
    record: undefined,
    cost: new Cost(),
  };
  const stored = {
    status: 200,
    headers: toHeaderMap({ vary: 'x-kind' }),
    requestHeaders: toHeaderMap({ 'x-kind': 'one' }),
    requestTimeMs: 0,
    responseTimeMs: 0,
    object: identityOf('a', 1),
  };
  t.same(wantOf(asked, stored).varied, ['x-kind']);
  const want = wantOf(asked, undefined);
  t.same(want.varied, []);
  t.equal(want.signal, request.signal);
  want.fetching({ receivedBytes: 0 })(5);
  want.fetching({ receivedBytes: 7 });
  t.equal(asked.cost.originBytes, 12);
  t.notOk(asked.cost.joined);
  want.joined();
  t.ok(asked.cost.joined);
});

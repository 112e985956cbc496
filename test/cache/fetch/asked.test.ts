import t from 'tap';
import { type Asked, wantOf } from '#src/cache/fetch/asked.js';
import { Cost } from '#src/cache/flight/cost.js';
import { responseKey } from '#src/store/objects/keys.js';
import { startRoom } from '../../fixtures/running-room.js';

t.test('a want fetches as its request, and counts what that costs', async (t) => {
  const room = await startRoom(t);
  const { upstream } = room;
  const uri = upstream.uriOf('/a');
  const request = room.request('/a');
  const asked: Asked = {
    request,
    upstream,
    source: upstream.source(uri, request.headers),
    key: responseKey(upstream.name, uri),
    epoch: { invalidated: 0, purged: 0 },
    alone: false,
    again: false,
    record: undefined,
    cost: new Cost(),
  };
  const want = wantOf(asked);
  t.equal(want.source, asked.source);
  t.equal(want.signal, request.signal);
  want.fetching({ receivedBytes: 0 })(5);
  want.fetching({ receivedBytes: 7 });
  t.equal(asked.cost.originBytes, 12);
  t.notOk(asked.cost.joined);
  want.joined();
  t.ok(asked.cost.joined);
});

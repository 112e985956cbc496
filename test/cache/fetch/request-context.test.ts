import t from 'tap';
import { type RequestContext, fetchContextOf } from '#src/cache/fetch/request-context.js';
import { Cost } from '#src/cache/flight/cost.js';
import { responseKey } from '#src/store/objects/keys.js';
import { startRoom } from '../../fixtures/running-room.js';

t.test("a fetch context sends its request's fields, and charges the request", async (t) => {
  const room = await startRoom(t);
  const { upstream } = room;
  const uri = upstream.uriOf('/a');
  const request = room.request('/a');
  const context: RequestContext = {
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
  const fetchContext = fetchContextOf(context);
  t.equal(fetchContext.source, context.source);
  t.equal(fetchContext.signal, request.signal);
  fetchContext.fetching({ receivedBytes: 0 })(5);
  fetchContext.fetching({ receivedBytes: 7 });
  t.equal(context.cost.originBytes, 12);
  t.notOk(context.cost.collapsed);
  fetchContext.onCollapsed();
  t.ok(context.cost.collapsed);
});

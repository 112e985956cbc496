import t from 'tap';
import { aimFill } from '#src/cache/fill/fill-aim.js';
import { toHeaderMap } from '#src/model/headers.js';
import { placeOf } from '#src/origin/signed-url.js';
import { startRoom } from '../../fixtures/running-room.js';
import { identityOf } from '../../fixtures/store-chunks.js';

t.test("a fill goes to its object's location and joins no fill elsewhere", async (t) => {
  const room = await startRoom(t);
  const fetchContext = room.fetchContext('/a');
  const times = { requestTimeMs: 0, responseTimeMs: 0 };
  const lead = (location: string): void => {
    const headers = toHeaderMap({ location });
    fetchContext.source.redirected(
      room.fetchContext('/a').source.target(''),
      { status: 302, headers, contentLength: 0 },
      times,
    );
  };
  const aim = (place?: string) => {
    const identity = identityOf('a', 1, place === undefined ? {} : { place });
    const object = { identity } as Parameters<typeof aimFill>[0]['object'];
    const live = { services: room.services, object } as Parameters<typeof aimFill>[0];
    const { target, validator } = aimFill(live, fetchContext, undefined);
    return [new URL(target.url).pathname, validator.kind];
  };
  const place = (path: string) => placeOf(new URL(path, fetchContext.source.uri));
  t.same(aim(), ['/a', 'etag'], 'without redirects the URI is the resource');
  t.same(aim(place('/v1')), ['/a', 'none'], 'it has to lead there first');
  lead('/v1?signature=1');
  t.same(aim(place('/v1')), ['/v1', 'etag']);
  t.same(aim(place('/v2')), ['/v1', 'none']);
});

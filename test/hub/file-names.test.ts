/** Names of files at a hub, and of the repositories that answers lead through. */
import t from 'tap';
import { namedLast, targetOf } from '#src/hub/file-names.js';
import { routeOf } from '#src/hub/route.js';
import { systemClock } from '#src/model/time.js';
import { Upstream } from '#src/origin/upstream.js';

const HUB = 'http://hub.example';

t.test('the hub gets the requested path unchanged', (t) => {
  for (const target of [
    '/Acme/Model/resolve/main/A.bin',
    '/acme/m/resolve/refs/pr/1/f',
    '/acme/m/resolve/refs%2Fconvert%2Fparquet/default/train/0000.parquet',
    '/datasets/a/d/resolve/v1.0/a%2Fb',
  ]) {
    const route = routeOf(target);
    t.equal(route.kind === 'resolve' && targetOf(route, route.revision), target);
  }
  t.end();
});

t.test('the last file URL of a redirect chain names the repository', (t) => {
  const upstream = new Upstream({
    ...{ name: 'hub', url: HUB, maxConnections: 3, redirectHosts: [], headers: {} },
    ...{ allowPrivateRedirects: false, integrity: 'default', digests: [], pinned: [] },
    ...{ via: '1.1 us', clock: systemClock },
  });
  const name = (...paths: string[]) => namedLast(upstream, paths);
  const own = `${HUB}/old/m/resolve/main/f`;
  t.match(name(own), { at: 0, route: { repository: 'old/m' } });
  const renamed = `${HUB}/New/M/resolve/main/f`;
  const cached = `${HUB}/api/resolve-cache/models/New/M/${'c'.repeat(40)}/f`;
  t.match(name(own, renamed, cached), { at: 1, route: { repository: 'new/m', spelled: 'New/M' } });
  t.match(name(own, 'http://elsewhere.example/new/m/resolve/main/f'), { at: 0 });
  t.equal(name('http://elsewhere.example/x'), undefined);
  t.end();
});

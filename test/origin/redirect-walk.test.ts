import t from 'tap';
import type { FetchUrl } from '#src/model/fetch.js';
import type { Location } from '#src/origin/locations.js';
import { RedirectWalk } from '#src/origin/redirect-walk.js';

const place = (name: string): Location => ({
  to: { url: name, addresses: 'any', expiresAtMs: null },
  elsewhere: false,
  chain: { hops: [], place: name },
  learntAtMs: 0,
});

const TIMES = { requestTimeMs: 0, responseTimeMs: 0 };

function start(from?: Location): RedirectWalk {
  return new RedirectWalk(from, {
    target: (location): FetchUrl => ({
      ...(location ?? place('uri')).to,
      headers: {},
    }),
    redirected: (known, _from, head) =>
      place(`${known?.chain.place ?? ''}>${String(head.headers['location'])}`),
    refused: ({ url }) => url !== 'uri',
  });
}

t.test('a walk goes from hop to hop, and starts again after a refusal', async (t) => {
  const way = start();
  t.same([way.target().url, way.chain.hops, way.chain.place], ['uri', [], '']);
  for (const location of ['a', 'b']) {
    way.redirected(way.target(), { status: 302, headers: { location }, contentLength: 0 }, TIMES);
  }
  t.same([way.target().url, way.chain.place], ['>a>b', '>a>b']);
  t.ok(way.refused(way.target()));
  t.equal(way.target().url, 'uri');
  t.notOk(way.refused(way.target()));
  t.equal(start(place('known')).target().url, 'known');
});

import t from 'tap';
import { contradicts, isOfPin, pinOf } from '#src/hub/file-pins.js';
import { routeOf } from '#src/hub/route.js';
import { type Digest, parseDigest } from '#src/model/digest.js';
import { storedResponse } from '../fixtures/stored-response.js';

function digest(text: string): Digest {
  const read = parseDigest(text);
  if (read === undefined) throw new Error(text);
  return read;
}

const ONE = digest(`sha256:${'1'.repeat(64)}`);
const TWO = digest(`sha256:${'2'.repeat(64)}`);

t.test("a pin is found by both spellings of a file's URL", async (t) => {
  const route = routeOf('/Acme/M/resolve/0/f');
  if (route.kind !== 'resolve') throw new Error(route.kind);
  const pinned = (path: string) => ({
    pinnedDigest: (target: string) => (target === path ? ONE : null),
  });
  const of = (path: string) => pinOf({ upstream: pinned(path), route, name: 'main' });
  t.same(of('/Acme/M/resolve/main/f'), ONE);
  t.same(of('/acme/m/resolve/main/f'), ONE);
  t.equal(of('/acme/m/resolve/0/f'), null, 'not by the revision that it led to');
});

t.test('a stored answer applies to the digest that is pinned now and to no other', async (t) => {
  const stored = storedResponse({}, {}, {});
  const known = { ...stored, object: { ...stored.object, digest: ONE, lengthBytes: 1 } };
  t.ok(isOfPin(known, null));
  t.ok(isOfPin(known, ONE));
  t.notOk(isOfPin(known, TWO));
});

t.test('digests of one algorithm contradict each other, of two algorithms do not', async (t) => {
  t.ok(contradicts(ONE, TWO));
  t.notOk(contradicts(ONE, ONE));
  t.notOk(contradicts(ONE, digest(`git-sha1:${'2'.repeat(40)}`)));
});

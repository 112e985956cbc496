import t from 'tap';
import { toHeaderMap } from '#src/model/headers.js';
import { namedByVary } from '#src/model/vary.js';

t.test("namedByVary returns lower-case names, or 'any' for *", async (t) => {
  const named = (vary: string) => namedByVary(toHeaderMap({ vary }));
  t.same(named('Accept-Encoding, X-A,, x-b '), ['x-a', 'x-b']);
  t.equal(named('x-a, *'), 'any');
  t.same(namedByVary(toHeaderMap({})), []);
});

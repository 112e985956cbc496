/** Bodies that only their end delimits are read in the exchange that found out about them. */
import t from 'tap';
import { describe, startForebay } from '../fixtures/running.js';
import { bytesOf, fresh, runOrigin } from '../fixtures/running-origin.js';

for (const kind of ['chunked', 'close-delimited'] as const) {
  for (const chunks of [1, 3]) {
    t.test(
      `each new URL whose body is ${kind} costs one request (${String(chunks)})`,
      async (t) => {
        const spec = fresh(1, chunks, { ranges: false });
        const origin = await runOrigin(t, { '/a': spec, '/b': spec, '/c': spec });
        origin.script({ actions: [{ kind }] });
        const forebay = await startForebay(t, { origin });
        for (const [index, path] of ['/a', '/b', '/c'].entries()) {
          const got = await forebay.get(path);
          t.ok(got.body.equals(bytesOf(1, chunks)) && !got.aborted, describe(got));
          t.equal(origin.requests.length, index + 1);
        }
      },
    );
  }
}

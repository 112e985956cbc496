/** How long a hub's word counts. */
import t from 'tap';
import { NAME_LIFETIME_MS, saidLifetimeMs, YEAR_MS } from '#src/hub/policy.js';
import { emptyHeaders } from '#src/model/headers.js';

t.test('a name is fresh for a minute, a commit for a year, a permission bounds both', (t) => {
  const commit = 'c'.repeat(40);
  const lifetime = (revision: string | null, key: string, authorizationTtlMs: number) =>
    saidLifetimeMs(
      revision,
      { key, headers: emptyHeaders() },
      { authorizationTtlMs, offline: true, serverToken: null },
    );
  t.equal(lifetime('main', '', 1), NAME_LIFETIME_MS);
  t.equal(lifetime(null, '', 1), NAME_LIFETIME_MS);
  t.equal(lifetime(commit, '', 1), YEAR_MS);
  t.equal(lifetime(commit, 'a', 300_000), 300_000);
  t.equal(lifetime('main', 'a', 300_000), NAME_LIFETIME_MS);
  t.equal(lifetime('main', 'a', 1000), 1000);
  t.end();
});

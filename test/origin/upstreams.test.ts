import t from 'tap';
import { BREAKER_FAILURE_THRESHOLD } from '#src/origin/breaker.js';
import { type ConfiguredOrigin, Upstreams } from '#src/origin/upstreams.js';
import { ManualClock } from '../fixtures/manual-clock.js';

const origin = (name: string, more: Partial<ConfiguredOrigin> = {}): ConfiguredOrigin => ({
  name,
  url: `http://${name}.example`,
  maxConnections: 1,
  redirectHosts: [],
  allowPrivateRedirects: false,
  headers: {},
  integrity: 'default',
  pinned: [],
  digests: [],
  ...more,
});

t.test('an unchanged origin keeps its breaker, a changed one has a new one', async (t) => {
  const upstreams = new Upstreams({ via: '1.1 x', clock: new ManualClock() }, [
    origin('one'),
    origin('two'),
    origin('three'),
  ]);
  const before = upstreams.all;
  for (let failures = 0; failures < BREAKER_FAILURE_THRESHOLD; failures += 1) {
    for (const name of ['one', 'two']) {
      const permit = upstreams.get(name)?.breaker.ask();
      if (permit?.kind === 'permitted') permit.settle('unreachable');
    }
  }
  upstreams.replace([origin('four'), origin('one'), origin('two', { headers: { a: '1' } })]);
  t.same(
    upstreams.all.map(({ name, breaker }) => [name, breaker.state.kind]),
    [
      ['four', 'closed'],
      ['one', 'open'],
      ['two', 'closed'],
    ],
  );
  t.equal(upstreams.get('one'), before[0]);
  t.not(upstreams.get('two'), before[1]);
  t.equal(upstreams.get('three'), undefined);
  t.same(upstreams.get('two')?.source('http://two.example/a', {}).target().headers, {
    a: '1',
    via: '1.1 x',
  });
});

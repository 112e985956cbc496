import t from 'tap';
import { STALLED_AFTER_MS, stalledOr } from '#src/model/transfer.js';

t.test('a silence counts as a stall from its bound on, with its duration', async (t) => {
  const otherwise = { kind: 'receiving' } as const;
  t.equal(stalledOr(STALLED_AFTER_MS - 1, 'origin', otherwise), otherwise);
  t.same(stalledOr(STALLED_AFTER_MS, 'disk', otherwise), {
    kind: 'stalled',
    sinceMs: STALLED_AFTER_MS,
    of: 'disk',
  });
  t.match(stalledOr(1234.9, 'client', otherwise), { sinceMs: 1234 });
});

import t from 'tap';
import { fail, ok, warn } from '#src/cli/doctor/finding.js';

t.test('a finding has advice only when its status is not ok', async (t) => {
  t.same(ok('a', 'b'), { check: 'a', status: 'ok', found: 'b', advice: null });
  t.same(warn('a', 'b', 'c'), { check: 'a', status: 'warn', found: 'b', advice: 'c' });
  t.same(fail('a', 'b', 'c'), { check: 'a', status: 'fail', found: 'b', advice: 'c' });
});

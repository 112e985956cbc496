import t from 'tap';
import { Background, MAX_BACKGROUND } from '#src/cache/answer/background.js';
import { deferred } from '#src/model/deferred.js';

t.test('Background: one job per key, a bounded number in all, failures reported', async (t) => {
  const errors: unknown[] = [];
  const background = new Background((error) => errors.push(error));
  const gate = deferred<undefined>();
  let runs = 0;
  const job = async () => {
    runs += 1;
    await gate.promise;
  };
  t.ok(background.run('0', job));
  t.notOk(background.run('0', job), 'running');
  for (let key = 1; key < MAX_BACKGROUND; key += 1) t.ok(background.run(String(key), job));
  t.notOk(background.run('one more', job));
  gate.resolve(undefined);
  await new Promise(setImmediate);
  t.equal(runs, MAX_BACKGROUND);
  const failure = new Error('failed');
  t.ok(
    background.run('0', () => Promise.reject(failure)),
    'again',
  );
  await new Promise(setImmediate);
  t.same(errors, [failure]);
});

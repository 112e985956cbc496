import t from 'tap';
import { deferred } from '#src/model/deferred.js';
import { KeyedLock } from '#src/store/directory/keyed-lock.js';

t.test('steps of one key run in order, although earlier ones fail', async (t) => {
  const lock = new KeyedLock<string>();
  const gate = deferred<undefined>();
  const seen: string[] = [];
  const first = lock.run('a', async () => {
    await gate.promise;
    seen.push('first');
    throw new Error('failed');
  });
  const second = lock.run('a', () => {
    seen.push('second');
    return Promise.resolve(2);
  });
  await lock.run('b', () => {
    seen.push('other key');
    return Promise.resolve();
  });
  t.strictSame(seen, ['other key']);
  gate.resolve(undefined);
  await t.rejects(first, /failed/);
  t.equal(await second, 2);
  t.strictSame(seen, ['other key', 'first', 'second']);
  t.equal(lock.size, 0, 'and leave nothing behind');
});

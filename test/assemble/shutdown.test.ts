import t from 'tap';
import { shutDown } from '#src/assemble/shutdown.js';

t.test('shutDown runs every step in order, although one before it fails', async (t) => {
  const ran: string[] = [];
  const logged: unknown[] = [];
  const step = (name: string, fails?: Error) => ({
    name,
    why: 'a test',
    run: () => {
      ran.push(name);
      if (fails !== undefined) throw fails;
    },
  });
  await shutDown(
    [
      step('first', new Error('disk gone')),
      { name: 'second', why: 'a test', run: () => Promise.reject(new Error('late')) },
      step('third', new Error('again')),
      step('store'),
    ],
    { error: (fields: object) => logged.push(fields) },
  );
  t.same(ran, ['first', 'third', 'store']);
  t.same(logged, [
    { step: 'first', reason: 'disk gone' },
    { step: 'second', reason: 'late' },
    { step: 'third', reason: 'again' },
  ]);
});

t.test('shutDown waits for a step before it starts the next one', async (t) => {
  const ran: string[] = [];
  const slow = async () => {
    await new Promise(setImmediate);
    ran.push('slow');
  };
  await shutDown(
    [
      { name: 'slow', why: 'a test', run: slow },
      { name: 'next', why: 'a test', run: () => ran.push('next') },
    ],
    {
      error: () => {
        t.fail('nothing failed');
      },
    },
  );
  t.same(ran, ['slow', 'next']);
});

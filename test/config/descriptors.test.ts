import t from 'tap';
import { descriptorLimit, descriptorShares } from '#src/config/descriptors.js';

t.test('the descriptor limit is read where the system reports it', async (t) => {
  t.equal(
    descriptorLimit(() => 'Max open files            150                  150   files\n'),
    150,
  );
  t.equal(
    descriptorLimit(() => 'Max open files            unlimited  unlimited   files\n'),
    Infinity,
  );
  t.equal(
    descriptorLimit(() => null),
    null,
  );
});

t.test('descriptors are shared between clients and idle files', async (t) => {
  t.same(descriptorShares(null), { clients: Infinity, idleFiles: Infinity });
  const { clients, idleFiles } = descriptorShares(1024);
  t.ok(2 * clients + idleFiles < 1024 - 64);
  t.ok(clients > 350);
  t.ok(descriptorShares(10).clients > 0, 'some service, whatever the limit');
});

import t from 'tap';
import type { z } from 'zod';
import { transferState } from '#src/admin/shapes.js';
import type { TransferState } from '#src/model/transfer.js';

type Kinds<T extends { kind: string }> = Record<T['kind'], true>;

t.test('the API schemas have exactly the states of the program', async (t) => {
  const program: Kinds<TransferState> = {
    queued: true,
    connecting: true,
    receiving: true,
    throttled: true,
    verifying: true,
    serving: true,
    'client-blocked': true,
    stalled: true,
    done: true,
    failed: true,
  };
  const api: Kinds<z.infer<typeof transferState>> = program;
  const same: Kinds<TransferState> = api;
  for (const kind of Object.keys(same)) {
    const more = kind === 'stalled' ? { sinceMs: 1, of: 'disk' } : { cause: 'internal' };
    t.ok(transferState.safeParse({ kind, ...more }).success, kind);
  }
  t.notOk(transferState.safeParse({ kind: 'guessing' }).success);
});

import t from 'tap';
import type { ObjectKey } from '#src/model/ids.js';
import { ManifestLog } from '#src/store/objects/manifest-log.js';
import { Handle, ObjectState } from '#src/store/objects/object-state.js';
import { chunkOf, identityOf } from '../../fixtures/store-chunks.js';

t.test('a handle shows the shared state, and is released once', (t) => {
  const identity = identityOf('model', 10);
  const known = {
    kind: 'manifest' as const,
    key: 'k' as ObjectKey,
    identity,
    attestedBy: null,
    pinned: false,
    held: { chunks: 0, bytes: 0 },
    sizeBytes: 0,
    state: null,
  };
  const state = new ObjectState(known, ManifestLog.fresh('/nowhere', identity));
  const released: ObjectState[] = [];
  const handle = new Handle(identity, state, (one) => released.push(one));
  t.equal(handle.key, 'k');
  t.equal(handle.attestedBy, null);
  t.equal(handle.record(0), undefined);
  const { record } = chunkOf('model', 0, 10);
  const digest = { algorithm: 'sha256', hex: 'a'.repeat(64) } as const;
  state.log.apply([
    { kind: 'chunk', record },
    { kind: 'attested', digest },
  ]);
  t.equal(handle.record(0), record);
  t.equal(handle.attestedBy, digest);
  handle.release();
  handle.release();
  t.strictSame(released, [state]);
  t.end();
});

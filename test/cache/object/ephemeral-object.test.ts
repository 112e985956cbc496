import t from 'tap';
import { ephemeralObject } from '#src/cache/object/ephemeral-object.js';
import { objectKey } from '#src/store/objects/keys.js';
import { identityOf } from '../../fixtures/store-chunks.js';

t.test('EphemeralObject: nothing is held, recorded or attested', async (t) => {
  const identity = identityOf('a', 10);
  const object = ephemeralObject(objectKey(identity), identity);
  t.equal(object.identity, identity);
  t.equal(object.record(0), undefined);
  t.equal(object.attestedBy, null);
  object.release();
  object.release();
});

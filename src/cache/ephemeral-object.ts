/** The manifest of an object that is never stored: what may not be kept is served through memory. */
import type { ObjectKey } from '../model/ids.js';
import type { ObjectIdentity } from '../model/manifest.js';
import type { ObjectHandle } from '../model/store.js';

/** A handle that the store does not know: nothing of it is held, recorded or attested. */
export function ephemeralObject(key: ObjectKey, identity: ObjectIdentity): ObjectHandle {
  return {
    key,
    identity,
    attestedBy: null,
    record: () => undefined,
    release: () => undefined,
  };
}

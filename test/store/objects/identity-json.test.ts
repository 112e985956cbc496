import fc from 'fast-check';
import t from 'tap';
import { identityJson, parseIdentity } from '#src/store/objects/identity-json.js';
import type { ObjectIdentity } from '#src/model/manifest.js';
import { identityOf } from '../../fixtures/store-chunks.js';

const IDENTITY = identityOf('model', 1000);
const GOOD = identityJson(IDENTITY);

t.test('a written identity is read back', (t) => {
  const identities: ObjectIdentity[] = [
    IDENTITY,
    { ...IDENTITY, lengthBytes: null },
    { ...IDENTITY, validator: { kind: 'none' } },
    { ...IDENTITY, validator: { kind: 'last-modified', strong: false, value: 'yesterday' } },
    { ...IDENTITY, digest: { algorithm: 'blake3', hex: 'cd'.repeat(32) } },
    { ...IDENTITY, digest: { algorithm: 'git-sha1', hex: 'cd'.repeat(20) } },
  ];
  for (const identity of identities) {
    t.strictSame(parseIdentity(JSON.parse(JSON.stringify(identityJson(identity)))), identity);
  }
  t.strictSame(parseIdentity({ ...GOOD, more: 1 }), IDENTITY, 'unknown fields are left out');
  t.end();
});

t.test('every field of an identity is checked', (t) => {
  for (const field of Object.keys(GOOD)) {
    t.equal(parseIdentity({ ...GOOD, [field]: undefined }), undefined, field);
    t.equal(parseIdentity({ ...GOOD, [field]: true }), undefined, field);
  }
  t.equal(parseIdentity({ ...GOOD, lengthBytes: -1 }), undefined);
  t.equal(parseIdentity({ ...GOOD, chunkSizeBytes: 3 << 20 }), undefined);
  t.equal(parseIdentity({ ...GOOD, validator: { kind: 'etag', value: '"a"' } }), undefined);
  t.equal(
    parseIdentity({ ...GOOD, digest: { algorithm: 'sha256', hex: 'cd'.repeat(20) } }),
    undefined,
  );
  t.equal(parseIdentity({ ...GOOD, digest: { algorithm: 'md5', hex: 'ab' } }), undefined);
  t.end();
});

t.test('property: parsing an identity never throws', (t) => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      parseIdentity(value);
      parseIdentity({ ...GOOD, validator: value });
      parseIdentity({ ...GOOD, digest: value });
      return true;
    }),
  );
  t.end();
});

import fc from 'fast-check';
import t from 'tap';
import { parseIdentity } from '#src/store/objects/identity-json.js';
import { identityOf } from '../../fixtures/store-chunks.js';

const GOOD = identityOf('model', 1000);

t.test('what was written is read back', (t) => {
  const identities = [
    GOOD,
    { ...GOOD, lengthBytes: null },
    { ...GOOD, validator: { kind: 'none' } },
    { ...GOOD, validator: { kind: 'last-modified', strong: false, value: 'yesterday' } },
    { ...GOOD, digest: { algorithm: 'blake3', hex: 'cd'.repeat(32) } },
    { ...GOOD, digest: { algorithm: 'git-sha1', hex: 'cd'.repeat(20) } },
  ];
  for (const identity of identities) {
    t.strictSame(parseIdentity(JSON.parse(JSON.stringify(identity))), identity);
  }
  t.strictSame(parseIdentity({ ...GOOD, more: 1 }), GOOD, 'unknown fields are left out');
  t.end();
});

t.test('every field is checked', (t) => {
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

t.test('no value makes it throw', (t) => {
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

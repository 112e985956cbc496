import fc from 'fast-check';
import t from 'tap';
import { isId } from '#src/model/ids.js';
import type { ObjectIdentity } from '#src/model/manifest.js';
import { objectKey, responseKey } from '#src/store/objects/keys.js';
import { identityOf } from '../../fixtures/store-chunks.js';

const DIGEST = { algorithm: 'sha256', hex: 'ab'.repeat(32) } as const;

t.test('every field of an identity without a digest makes another key', (t) => {
  const base = identityOf('model', 1000);
  const others: ObjectIdentity[] = [
    { ...base, origin: 'other' },
    { ...base, uri: `${base.uri}?v=2` },
    { ...base, variant: 'accept-language: de' },
    { ...base, validator: { kind: 'etag', strong: false, value: '"model"' } },
    { ...base, validator: { kind: 'last-modified', strong: true, value: '"model"' } },
    { ...base, validator: { kind: 'none' } },
    { ...base, uniqueToken: 'token' },
    { ...base, lengthBytes: 1001 },
    { ...base, lengthBytes: null },
    { ...base, chunkSizeBytes: base.chunkSizeBytes * 2 },
    { ...base, digest: DIGEST },
  ];
  const keys = new Set([base, ...others].map(objectKey));
  t.equal(keys.size, others.length + 1);
  for (const key of keys) t.ok(isId(key));
  t.end();
});

t.test('equivalent spellings of a URL (RFC 3986) share a key, others do not', (t) => {
  const base = identityOf('model', 1000);
  const keysOf = (path: string): readonly string[] => {
    const uri = `http://origin.example/${path}`;
    return [objectKey({ ...base, uri }), responseKey('origin', uri)];
  };
  const known = keysOf('a~b/%2B%C3%A9');
  for (const path of ['%61~b/%2B%C3%A9', 'a%7eb/%2b%c3%a9']) t.same(keysOf(path), known, path);
  for (const path of ['a~b/+%C3%A9', 'a~b//%2B%C3%A9', 'a~b%2F%2B%C3%A9', 'A~b/%2B%C3%A9']) {
    t.not(keysOf(path)[0], known[0], path);
    t.not(keysOf(path)[1], known[1], path);
  }
  t.end();
});

t.test('a claimed digest names the bytes, within one origin', (t) => {
  const a = identityOf('a', 1000, { digest: DIGEST });
  t.equal(objectKey(a), objectKey(identityOf('b', 1000, { digest: DIGEST })));
  t.not(objectKey(a), objectKey({ ...a, origin: 'elsewhere' }));
  t.not(objectKey(a), objectKey({ ...a, lengthBytes: 999 }));
  t.not(objectKey(a), objectKey({ ...a, digest: { ...DIGEST, algorithm: 'blake3' } }));
  t.end();
});

t.test('property: different identities have different keys', (t) => {
  const text = fc.string({ maxLength: 6 });
  fc.assert(
    fc.property(text, text, text, text, (origin, uri, otherOrigin, otherUri) => {
      const same = origin === otherOrigin && uri === otherUri;
      return (responseKey(origin, uri) === responseKey(otherOrigin, otherUri)) === same;
    }),
  );
  t.not(responseKey('ab', 'c'), responseKey('a', 'bc'));
  t.not(responseKey('a', 'b","c'), responseKey('a","b', 'c'));
  t.end();
});

import fc from 'fast-check';
import t from 'tap';
import {
  encodeChange,
  encodeIdentity,
  encodeManifest,
  type ManifestChange,
  parseManifest,
} from '#src/store/objects/manifest-records.js';
import { encodeLine } from '#src/store/objects/record-line.js';
import { chunkOf, identityOf, TEST_CHUNK_BYTES } from '../../fixtures/store-chunks.js';

const IDENTITY = identityOf('model', 20 * TEST_CHUNK_BYTES);
const DIGEST = { algorithm: 'sha256', hex: 'ab'.repeat(32) } as const;

const recordOf = (index: number, seed = 'model') =>
  chunkOf(seed, index, index === 0 ? TEST_CHUNK_BYTES : 10 + index).record;
const chunk = (index: number, seed?: string): ManifestChange => ({
  kind: 'chunk',
  record: recordOf(index, seed),
});
const forgotten = (index: number, seed?: string): ManifestChange => ({
  kind: 'forgotten',
  index,
  id: recordOf(index, seed).id,
});
const ATTESTED: ManifestChange = { kind: 'attested', digest: DIGEST };

function fileOf(...changes: ManifestChange[]): Buffer {
  return Buffer.concat([encodeIdentity(IDENTITY), ...changes.map(encodeChange)]);
}

t.test('records of a manifest add up to its state', (t) => {
  const file = fileOf(chunk(0), chunk(1), chunk(2), forgotten(1), chunk(2, 'other'));
  const parsed = parseManifest(file);
  t.strictSame(parsed?.contents.identity, IDENTITY);
  t.strictSame(
    parsed?.contents.records,
    new Map([
      [0, recordOf(0)],
      [2, recordOf(2, 'other')],
    ]),
  );
  t.equal(parsed?.endOfLines, file.length);
  const dead = [chunk(1), forgotten(1), chunk(2)].map((change) => encodeChange(change).length);
  t.equal(
    parsed?.deadBytes,
    dead.reduce((a, b) => a + b, 0),
  );
  t.end();
});

t.test('a rewritten manifest has the same state and nothing dead', (t) => {
  const parsed = parseManifest(fileOf(chunk(0), chunk(1), forgotten(0), chunk(1, 'x'), ATTESTED));
  if (parsed === undefined) throw new Error('a whole manifest was not read');
  const again = parseManifest(encodeManifest(parsed.contents));
  t.strictSame(again?.contents, parsed.contents);
  t.equal(again?.deadBytes, 0);
  t.end();
});

t.test('an attestation covers only the ids it was made over', (t) => {
  const attestedBy = (...changes: ManifestChange[]) =>
    parseManifest(fileOf(chunk(0), ATTESTED, ...changes))?.contents.attestedBy;
  t.strictSame(attestedBy(), DIGEST);
  t.strictSame(attestedBy(chunk(0)), DIGEST, 'the same chunk once more');
  t.strictSame(attestedBy(forgotten(0, 'other')), DIGEST, 'an id that is not there');
  t.equal(attestedBy(chunk(0, 'other')), null);
  t.equal(attestedBy(chunk(1)), null);
  t.equal(attestedBy(forgotten(0)), null);
  t.strictSame(attestedBy(chunk(1), ATTESTED), DIGEST);
  t.end();
});

t.test('a chunk that came meanwhile is not forgotten with the one it replaced', (t) => {
  const parsed = parseManifest(fileOf(chunk(0), chunk(0, 'new'), forgotten(0)));
  t.strictSame(parsed?.contents.records.get(0), recordOf(0, 'new'));
  t.end();
});

t.test('invalid records are skipped, an invalid first record drops the file', (t) => {
  const good = { kind: 'chunk', index: 0, lengthBytes: 5, id: 'a'.repeat(64), groups: '' };
  const senseless = [
    1,
    null,
    'chunk',
    { kind: 'other' },
    { ...good, groups: 'AAAA' },
    { ...good, lengthBytes: 0, id: '../x' },
    { ...good, index: -1 },
    { ...good, index: 1e300 },
    { kind: 'attested', digest: 'md5:00' },
    { kind: 'forgotten', index: '0', id: 'a'.repeat(64) },
    { kind: 'forgotten', index: 0 },
  ];
  const lines = senseless.map(encodeLine);
  const parsed = parseManifest(Buffer.concat([fileOf(chunk(1)), ...lines, encodeChange(chunk(2))]));
  t.strictSame([...(parsed?.contents.records.keys() ?? [])], [1, 2]);
  t.equal(parsed?.deadBytes, Buffer.concat(lines).length);
  for (const first of [encodeChange(chunk(1)), encodeLine({ kind: 'object', identity: {} })]) {
    t.equal(parseManifest(Buffer.concat([first, fileOf(chunk(1))])), undefined);
  }
  t.equal(parseManifest(Buffer.alloc(0)), undefined);
  t.end();
});

t.test('property: damage loses records and never invents one', (t) => {
  const changes = Array.from({ length: 6 }, (_, index) => chunk(index));
  const whole = fileOf(...changes);
  const damage = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('cut' as const), at: fc.nat({ max: whole.length }) }),
      fc.record({ kind: fc.constant('flip' as const), at: fc.nat({ max: whole.length }) }),
      fc.record({ kind: fc.constant('noise' as const), at: fc.nat({ max: whole.length }) }),
    ),
    { minLength: 1, maxLength: 4 },
  );
  fc.assert(
    fc.property(damage, fc.uint8Array({ maxLength: 40 }), (damages, noise) => {
      let bytes = Buffer.from(whole);
      for (const { kind, at } of damages) {
        if (kind === 'cut') bytes = bytes.subarray(0, at);
        else if (kind === 'noise') {
          bytes = Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)]);
        } else if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      }
      const parsed = parseManifest(bytes);
      if (parsed === undefined) return true;
      for (const [index, record] of parsed.contents.records) {
        t.strictSame(record, recordOf(index));
      }
      return parsed.endOfLines <= bytes.length;
    }),
    { numRuns: 200 },
  );
  t.end();
});

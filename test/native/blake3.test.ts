/** BLAKE3 through the addon, against the official vectors and an independent implementation. */
import { blake3 } from '@napi-rs/blake-hash';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import t from 'tap';
import { native } from '#src/compute/native.js';
import { hashWhole } from '../fixtures/hash-whole.js';
import { chunkIdOf, hex, rootByChunks } from './fixtures/tree.js';

const MIB = 1024 * 1024;

/** From BLAKE3's test_vectors.json: the input is the bytes 0, 1, ... 250, 0, 1, ... */
const OFFICIAL_VECTORS: readonly (readonly [lengthBytes: number, hash: string])[] = [
  [0, 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262'],
  [1, '2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213'],
  [2, '7b7015bb92cf0b318037702a6cdd81dee41224f734684c2c122cd6359cb1ee63'],
  [3, 'e1be4d7a8ab5560aa4199eea339849ba8e293d55ca0a81006726d184519e647f'],
  [1023, '10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11'],
  [1024, '42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7'],
  [1025, 'd00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444'],
  [2048, 'e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a'],
  [2049, '5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030'],
  [3072, 'b98cb0ff3623be03326b373de6b9095218513e64f1ee2edd2525c7ad1e5cffd2'],
  [4096, '015094013f57a5277b59d8475c0501042c0b642e531b0a1c8f58d2163229e969'],
  [5120, '9cadc15fed8b5d854562b26a9536d9707cadeda9b143978f319ab34230535833'],
  [8192, 'aae792484c8efe4f19e2ca7d371d8c467ffb10748d8a5a1ae579948f718a2a63'],
  [16384, 'f875d6646de28985646f34ee13be9a576fd515f76b5b0a26bb324735041ddde4'],
  [31744, '62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47'],
  [102400, 'bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085'],
];

/**
 * The other lengths of test_vectors.json, then our own: around groups, chunks and powers of two.
 */
const ORACLE_LENGTHS = [
  4,
  5,
  6,
  7,
  8,
  63,
  64,
  65,
  127,
  128,
  129,
  3073,
  4097,
  5121,
  6144,
  6145,
  7168,
  7169,
  8193,
  15 * 1024,
  16 * 1024 + 1,
  17 * 1024 - 1,
  MIB - 1,
  MIB,
  MIB + 1,
  2 * MIB,
  2 * MIB + 1,
  3 * MIB,
  8 * MIB - 1,
  8 * MIB,
  8 * MIB + 1,
  9 * MIB,
  17 * MIB + 5,
];

/** 24 MiB without any period that the tree could hide. */
const NOISE = noise(24 * MIB);

function noise(lengthBytes: number): Uint8Array {
  return createHash('shake128', { outputLength: lengthBytes }).update('forebay').digest();
}

function vectorInput(lengthBytes: number): Uint8Array {
  return Uint8Array.from({ length: lengthBytes }, (_, index) => index % 251);
}

void t.test('BLAKE3: the official test vectors are matched', (t) => {
  for (const [lengthBytes, expected] of OFFICIAL_VECTORS) {
    t.equal(hashWhole(vectorInput(lengthBytes)), expected, `${String(lengthBytes)} bytes`);
  }
  t.end();
});

void t.test('the root equals an independent implementation, whatever the chunk size', (t) => {
  for (const lengthBytes of ORACLE_LENGTHS) {
    const object = NOISE.subarray(0, lengthBytes);
    const expected = hex(blake3(Buffer.from(object)));
    t.equal(hashWhole(object), expected, `${String(lengthBytes)} bytes by groups`);
    for (const chunkSizeMib of [1, 2, 8, 64]) {
      const name = `${String(lengthBytes)} bytes by chunks of ${String(chunkSizeMib)} MiB`;
      t.equal(rootByChunks(object, chunkSizeMib * MIB), expected, name);
    }
  }
  t.end();
});

void t.test('property: any object, any chunk size, any alignment in memory', (t) => {
  const object = fc
    .tuple(
      fc.nat(64),
      fc.oneof(fc.integer({ min: 1, max: 20 * MIB }), fc.integer({ min: 1, max: 8192 })),
    )
    .map(([from, length]) => NOISE.subarray(from, from + length));
  const chunkSizeBytes = fc.constantFrom(MIB, 2 * MIB, 4 * MIB, 8 * MIB);
  fc.assert(
    fc.property(object, chunkSizeBytes, (bytes, size) => {
      t.equal(rootByChunks(bytes, size), hex(blake3(Buffer.from(bytes))));
    }),
    { numRuns: 30 },
  );
  t.end();
});

void t.test('ids depend on position, and on being the whole object', (t) => {
  const group = NOISE.subarray(0, MIB);
  const ids = [
    hex(chunkIdOf(group, 0, true)),
    hex(chunkIdOf(group, 0, false)),
    hex(chunkIdOf(group, MIB, false)),
    hex(chunkIdOf(group, 2 ** 33 * MIB, false)),
    hex(chunkIdOf(group, 2 ** 33 * MIB + MIB, false)),
  ];
  t.equal(new Set(ids).size, ids.length);
  t.end();
});

void t.test('rootId of one id is that id', (t) => {
  const id = new Uint8Array(32).fill(7);
  t.same(native.chunkId(id, false), id);
  t.same(native.chunkId(id, true), id);
  t.same(native.rootId(id), id);
  t.not(native.rootId(id), id, 'a copy');
  t.end();
});

void t.test('BLAKE3: out is written only in its range, and may overlap the input', (t) => {
  const bytes = NOISE.subarray(0, 5000);
  const plain = new Uint8Array(32);
  native.groupId(bytes, 3, false, plain, 0);

  const wide = new Uint8Array(96).fill(0xee);
  native.groupId(bytes, 3, false, wide, 32);
  t.same(wide.subarray(32, 64), plain);
  t.ok(wide.subarray(0, 32).every((byte) => byte === 0xee));
  t.ok(wide.subarray(64).every((byte) => byte === 0xee));

  const shared = Uint8Array.from(bytes);
  native.groupId(shared, 3, false, shared, 16);
  t.same(shared.subarray(16, 48), plain, 'in place');

  const inShared = new Uint8Array(new SharedArrayBuffer(5000));
  inShared.set(bytes);
  native.groupId(inShared, 3, false, wide, 0);
  t.same(wide.subarray(0, 32), plain, 'from shared memory');
  t.end();
});

void t.test('BLAKE3: arguments out of range throw and leave out unchanged', (t) => {
  const out = new Uint8Array(40);
  const one = new Uint8Array(1);
  const detached = new Uint8Array(64);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  const range = { name: 'RangeError' };
  const refusesGroup = (why: string, ...args: Parameters<typeof native.groupId>): void => {
    t.throws(
      () => {
        native.groupId(...args);
      },
      range,
      why,
    );
  };
  refusesGroup('no bytes', new Uint8Array(0), 0, false, out, 0);
  refusesGroup('more than 1 MiB', new Uint8Array(MIB + 1), 0, false, out, 0);
  refusesGroup('a whole object that is not group 0', one, 1, true, out, 0);
  refusesGroup('a negative index', one, -1, false, out, 0);
  refusesGroup('a fraction', one, 0.5, false, out, 0);
  refusesGroup('not a number', one, Number.NaN, false, out, 0);
  refusesGroup('an unsafe integer', one, 2 ** 53, false, out, 0);
  refusesGroup('out too short at the offset', one, 0, false, out, 9);
  refusesGroup('an offset that would overflow', one, 0, false, out, 2 ** 53 - 1);
  refusesGroup('an infinite offset', one, 0, false, out, Infinity);
  refusesGroup('out too short', one, 0, false, out.subarray(0, 31), 0);
  refusesGroup('detached out', one, 0, false, detached, 0);
  refusesGroup('detached bytes', detached, 0, false, out, 0);
  t.throws(() => native.chunkId(new Uint8Array(0), true), range);
  t.throws(() => native.chunkId(new Uint8Array(33), true), range);
  t.throws(() => native.chunkId(new Uint8Array(65 * 32), true), range, 'more than 64 groups');
  t.throws(() => native.rootId(new Uint8Array(0)), range);
  t.throws(() => native.rootId(new Uint8Array(31)), range);
  t.throws(() => native.rootId(detached), range);
  t.ok(out.every((byte) => byte === 0));
  t.end();
});

void t.test('property: values of any type throw TypeError or RangeError, nothing worse', (t) => {
  const loose = native as unknown as Record<string, (...values: unknown[]) => unknown>;
  const call = (name: string, ...values: unknown[]): unknown => loose[name]?.(...values);
  const value = fc.oneof(fc.anything(), fc.uint8Array(), fc.constant(new Float64Array(8)));
  const name = fc.constantFrom('groupId', 'chunkId', 'rootId');
  fc.assert(
    fc.property(name, fc.array(value, { maxLength: 6 }), (name, values) => {
      try {
        call(name, ...values);
      } catch (error) {
        t.ok(error instanceof TypeError || error instanceof RangeError, String(error));
      }
    }),
  );
  t.throws(() => call('groupId', 'abc', 0, false, new Uint8Array(32), 0), TypeError);
  t.throws(() => call('groupId', new Uint8Array(1), 0n, false), TypeError);
  t.throws(() => call('groupId', new Uint8Array(1), 0, 1), TypeError);
  t.throws(() => call('chunkId', new Uint16Array(32), true), TypeError);
  t.throws(() => call('rootId'), TypeError);
  t.end();
});

void t.test('BLAKE3: the instruction set has a name', (t) => {
  t.ok(['avx512', 'avx2', 'sse41', 'sse2', 'neon', 'portable'].includes(native.simd()));
  t.end();
});

import t from 'tap';
import {
  FLAG,
  ID_LENGTH_UNIT,
  ID_OFFSET,
  NOTICE,
  numbersOf,
  readNotices,
  readRecord,
  RECORD_BYTES,
  RECORD_FIELDS,
} from '#src/compute/hit-protocol.js';
import { readText } from '../fixtures/source-tree.js';

/** `kName = 3` in C++ as `name: 3`. */
function constants(source: string, pattern: RegExp): Record<string, number> {
  const found = [...source.matchAll(pattern)].map(([, name = '', value]) => [
    name.charAt(0).toLowerCase() + name.slice(1),
    Number(value),
  ]);
  return Object.fromEntries(found) as Record<string, number>;
}

t.test('the notice kinds equal HitNoticeKind', async (t) => {
  const header = readText('native/core/hit_outbox.h');
  const body = /enum class HitNoticeKind[^{]*\{([^}]*)\}/.exec(header)?.[1] ?? '';
  t.same(constants(body, /\bk(\w+) = (\d+)/g), NOTICE);
});

t.test('flags and the unit of lengths equal those of the server', async (t) => {
  const source = readText('native/core/hit_server.cc');
  t.same(constants(source, /constexpr double k(\w+)Flag = (\d+)/g), FLAG);
  t.match(source, new RegExp(`kIdLengthUnit = ${String(ID_LENGTH_UNIT)};`));
});

t.test('a record holds the numbers of HitRecord in their order, then the id', async (t) => {
  const header = readText('native/core/hit_outbox.h');
  const body = /struct HitRecord \{([^}]*)\}/.exec(header)?.[1] ?? '';
  t.same(
    [...body.matchAll(/^ {2}double (\w+);/gm)].map(([, name]) => name),
    RECORD_FIELDS,
  );
  t.match(header, `sizeof(HitRecord) == ${String(RECORD_BYTES)}`);
});

t.test('a record is read from its place among others', async (t) => {
  const bytes = Buffer.alloc(2 * RECORD_BYTES);
  const flags = FLAG.range + FLAG.openRange + 3 * ID_LENGTH_UNIT;
  numbersOf(bytes).set([7, 8, flags, 10, 0, 100, 90, 1.5], RECORD_BYTES / 8);
  bytes.write('abc', RECORD_BYTES + ID_OFFSET, 'latin1');
  t.same(readRecord(bytes, numbersOf(bytes), 1), {
    connection: 7,
    token: 8,
    isHead: false,
    isWhole: false,
    range: { first: 10, last: null },
    bodyBytes: 100,
    bodyBytesSent: 90,
    waitMs: 1.5,
    requestId: 'abc',
  });
});

t.test('notices are read in their order', async (t) => {
  t.same(
    [...readNotices(Float64Array.of(NOTICE.asks, 1, 2, 3, 4, NOTICE.fileClosed, 0, 9, 0, 0))],
    [
      { kind: NOTICE.asks, connection: 1, token: 2, bytes: { start: 3, end: 4 } },
      { kind: NOTICE.fileClosed, connection: 0, token: 9, bytes: { start: 0, end: 0 } },
    ],
  );
});

/** What is JSON, read in pieces, and what is not; and how long that takes. */
import fc from 'fast-check';
import t from 'tap';
import { JsonReader } from '#src/hub/json-reader.js';

const NOBODY = { opened: () => undefined, member: () => undefined, closed: () => undefined };

function accepts(json: string, pieceBytes = Infinity): boolean {
  const bytes = Buffer.from(json);
  const reader = new JsonReader(NOBODY);
  try {
    for (let at = 0; at < bytes.length; at += Math.min(pieceBytes, bytes.length)) {
      reader.feed(bytes.subarray(at, at + pieceBytes));
    }
    reader.end();
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

t.test('JsonReader: invalid JSON is refused', (t) => {
  for (const text of [
    '',
    ' ',
    '{',
    '[1,]',
    '{"a":1,}',
    '{,}',
    '{"a"}',
    '{"a":}',
    '{a:1}',
    '[}',
    '{]',
    '1 2',
    '[1 2]',
    '"a',
    '"\n"',
    '"\\x"',
    '"\\u12g4"',
    '01',
    '1.',
    '+1',
    'nul',
    'NaN',
    '{}{}',
    '<html>log in first</html>',
    '\ufeff{}',
  ]) {
    t.notOk(isJson(text), text);
    for (const pieceBytes of [1, Infinity]) t.notOk(accepts(text, pieceBytes), text);
  }
  t.notOk(accepts('['.repeat(2000) + ']'.repeat(2000)), 'deeper than clients read');
  t.ok(accepts('['.repeat(900) + ']'.repeat(900)));
  t.end();
});

t.test('property: JsonReader accepts the same texts as JSON.parse', (t) => {
  const damage = fc.tuple(fc.nat(), fc.constantFrom('', '"', '\\', '{', ']', ',', ':', '1', '-'));
  fc.assert(
    fc.property(fc.jsonValue(), damage, fc.integer({ min: 1, max: 9 }), (value, hit, piece) => {
      const json = JSON.stringify(value);
      const [where, what] = hit;
      const at = where % (json.length + 1);
      const damaged = json.slice(0, at) + what + json.slice(at + 1);
      return accepts(json, piece) && accepts(damaged, piece) === isJson(damaged);
    }),
    { numRuns: 1000 },
  );
  t.end();
});

t.test('JsonReader: members are reported innermost first, with their positions', (t) => {
  const told: string[] = [];
  const json = '{"a":{"b":[1]},"c":2}';
  const reader = new JsonReader({
    opened: () => told.push('{'),
    closed: () => told.push('}'),
    member: ({ key, start, end, isFollowed, number }) =>
      told.push(`${String(key)} ${json.slice(start, end)} ${String(isFollowed)} ${String(number)}`),
  });
  reader.feed(Buffer.from(json));
  reader.end();
  t.strictSame(told, [
    '{',
    '{',
    'b "b":[1] false undefined',
    '}',
    'a "a":{"b":[1]} true undefined',
    'c "c":2 false 2',
    '}',
  ]);
  t.end();
});

t.test('JsonReader: reading time is linear in the length', (t) => {
  for (const unit of ['{"a":', '["', '\\u0041', '9', ' ', 'true,', '{"xetHash":1,"size":2},']) {
    const text = (bytes: number) => Buffer.from(`["${unit.repeat(bytes / unit.length)}`);
    const measure = (bytes: Uint8Array): number => {
      const start = process.cpuUsage().user;
      for (let round = 0; round < 5; round += 1) {
        const reader = new JsonReader(NOBODY);
        try {
          reader.feed(bytes);
        } catch {
          // How long it took is what is asked.
        }
      }
      return process.cpuUsage().user - start;
    };
    measure(text(64 * 1024));
    const short = measure(text(512 * 1024));
    const long = measure(text(2 * 512 * 1024));
    t.ok(long < 6 * Math.max(short, 2000), `${unit}: ${String(short)} and ${String(long)} us`);
  }
  t.end();
});

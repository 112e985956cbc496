import fc from 'fast-check';
import t from 'tap';
import { decodeLines, encodeLine } from '#src/store/objects/record-line.js';

t.test('a line is 16 digits, a space, JSON and a newline', (t) => {
  const line = encodeLine({ text: 'two\nlines, ü' });
  t.match(line.toString(), /^[0-9a-f]{16} \{"text":"two\\nlines, ü"\}\n$/);
  t.strictSame(
    [...decodeLines(line)],
    [{ value: { text: 'two\nlines, ü' }, lengthBytes: line.length }],
  );
  t.end();
});

t.test('property: written lines are read back up to the torn one', (t) => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 5 }), fc.nat(), (values, cut) => {
      const lines = values.map(encodeLine);
      const whole = Buffer.concat(lines);
      const kept = whole.subarray(0, whole.length === 0 ? 0 : cut % whole.length);
      const read = [...decodeLines(kept)];
      let end = 0;
      return read.every(({ value, lengthBytes }, at) => {
        end += lengthBytes;
        return lines[at]?.equals(encodeLine(value)) === true && end <= kept.length;
      });
    }),
  );
  t.end();
});

t.test('a flipped bit is never read as a value', (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(), fc.nat({ max: 7 }), (value, at, bit) => {
      const line = encodeLine({ value });
      const where = at % line.length;
      line[where] = (line[where] ?? 0) ^ (1 << bit);
      return [...decodeLines(line)].every((read) => read.value === undefined);
    }),
  );
  t.end();
});

t.test('property: any bytes are read without an error', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const read = [...decodeLines(Buffer.from(bytes))];
      return read.every((line) => line.value === undefined);
    }),
  );
  t.end();
});

import fc from 'fast-check';
import t from 'tap';
import { formatHttpDate, parseHttpDate } from '#src/model/http-date.js';

const NOW = Date.UTC(2026, 5, 1);
const EXAMPLE = Date.UTC(1994, 10, 6, 8, 49, 37);

t.test('parseHttpDate reads the three forms of RFC 9110 section 5.6.7', (t) => {
  t.equal(parseHttpDate('Sun, 06 Nov 1994 08:49:37 GMT', NOW), EXAMPLE);
  t.equal(parseHttpDate('Sunday, 06-Nov-94 08:49:37 GMT', NOW), EXAMPLE);
  t.equal(parseHttpDate('Sun Nov  6 08:49:37 1994', NOW), EXAMPLE);
  t.end();
});

t.test('a two-digit year lies at most 50 years ahead', (t) => {
  t.equal(parseHttpDate('Monday, 01-Jun-76 00:00:00 GMT', NOW), Date.UTC(2076, 5, 1));
  t.equal(parseHttpDate('Wednesday, 01-Jun-77 00:00:00 GMT', NOW), Date.UTC(1977, 5, 1));
  t.end();
});

t.test('parseHttpDate returns undefined for any other text', (t) => {
  for (const text of ['', '1', '2024', '2024-01-01T00:00:00Z', 'Sun, 06 Nov 1994 08:49:37 +0100']) {
    t.equal(parseHttpDate(text, NOW), undefined, text);
  }
  t.equal(parseHttpDate('Sun, 66 Nov 1994 08:49:37 GMT', NOW), undefined);
  t.end();
});

t.test('property: a written date reads back equal, and parsing never throws', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e9 }), (seconds) => {
      return parseHttpDate(formatHttpDate(seconds * 1000), NOW) === seconds * 1000;
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      parseHttpDate(text, NOW);
    }),
  );
  t.end();
});

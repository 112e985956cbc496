import fc from 'fast-check';
import t from 'tap';
import {
  formatDuration,
  formatSize,
  parseDuration,
  parseSize,
  writeDuration,
  writeSize,
} from '#src/config/units.js';

t.test('parseSize reads units and rejects other texts', async (t) => {
  for (const [text, bytes] of [
    ['0', 0],
    ['8388608', 8388608],
    ['64MB', 64e6],
    ['64 MB', 64e6],
    ['10GiB', 10 * 2 ** 30],
    ['10gib', 10 * 2 ** 30],
    ['1.5KiB', 1536],
    ['7B', 7],
    ['2TB', 2e12],
  ] as const) {
    t.equal(parseSize(text), bytes, text);
  }
  for (const text of [
    '',
    'MiB',
    '-1',
    '1e3',
    '0x10',
    '10 XB',
    '10K',
    '1_000',
    '1,5GB',
    'toString',
    '1constructor',
    '9007199254740993TiB',
    '99999999999999999999',
    '１０',
  ]) {
    t.equal(parseSize(text), undefined, `refuses ${JSON.stringify(text)}`);
  }
});

t.test('durations need a unit and fit setTimeout', async (t) => {
  for (const [text, ms] of [
    ['250ms', 250],
    ['30s', 30_000],
    ['0s', 0],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['24h', 86_400_000],
    ['576h', 2_073_600_000],
  ] as const) {
    t.equal(parseDuration(text), ms, text);
  }
  for (const text of ['30', '', 's', '-1s', '577h', '1d', '10 min', '5MB']) {
    t.equal(parseDuration(text), undefined, `refuses ${JSON.stringify(text)}`);
  }
});

t.test('property: a written size or duration reads back equal', async () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 30 }), fc.constantFrom('KiB', 'MiB'), (n, unit) => {
      const bytes = parseSize(`${String(n)}${unit}`);
      return bytes === n * (unit === 'KiB' ? 2 ** 10 : 2 ** 20);
    }),
  );
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 30 }), (ms) => parseDuration(formatDuration(ms)) === ms),
  );
});

t.test('writeSize and writeDuration return the shortest exact text', async (t) => {
  for (const text of ['0', '1000', '16KiB', '8MiB', '10GiB', '64MB', '1TiB', '1048577']) {
    t.equal(writeSize(parseSize(text) ?? NaN), text === '1000' ? '1KB' : text);
  }
  for (const text of ['250ms', '1500ms', '30s', '3600s']) {
    t.equal(writeDuration(parseDuration(text) ?? NaN), text);
  }
});

t.test('property: parsing never throws', async () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      parseSize(text);
      parseDuration(text);
    }),
  );
});

t.test('formatSize and formatDuration round for people', async (t) => {
  t.equal(formatSize(512), '512 B');
  t.equal(formatSize(8 * 2 ** 20), '8 MiB');
  t.equal(formatSize(1.5 * 2 ** 30), '1.5 GiB');
  t.equal(formatDuration(250), '250 ms');
  t.equal(formatDuration(30_000), '30 s');
});

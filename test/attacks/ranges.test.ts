/** Range fields that overflow, multiply or amplify. */
import t from 'tap';
import { startAttacked } from '../fixtures/attack.js';
import { RUNNING_CHUNK_BYTES as C } from '../fixtures/running.js';
import { bytesOf, fresh, sizeOf } from '../fixtures/running-origin.js';

const CHUNKS = 4;
const LENGTH = sizeOf(CHUNKS);
const OBJECTS = { '/a': fresh(1, CHUNKS) };

/** Not a Range of RFC 9110, so without effect. */
const IGNORED = [
  'bytes=-9223372036854775808-',
  'bytes=--1',
  'bytes=1e3-',
  'bytes=0x10-',
  'bytes=+1-2',
  'bytes=1.5-2',
  'bytes=-1-2',
  'bytes=５-９',
  'bytes=٣-',
  'bytes=1 -2',
  'bytes=1-\t2',
  'bytes=9223372036854775808-9223372036854775807',
  'bytes=2-1',
  'bytes=0-1,2-1',
  'bytes=',
  'bytes=,',
  'bytes',
  'bytes 0-1',
  'items=0-1',
];

/** Beyond the end of anything that there is, in every width of integer. */
const UNSATISFIABLE = [
  'bytes=4294967296-',
  'bytes=9007199254740991-',
  'bytes=9007199254740993-9007199254740995',
  'bytes=9223372036854775807-',
  'bytes=18446744073709551616-',
  `bytes=${'9'.repeat(4000)}-`,
  'bytes=-0',
  'bytes=-00000000000000000000',
];

t.test('a malformed Range field is ignored', async (t) => {
  const { origin, ask } = await startAttacked(t, OBJECTS);
  for (const range of IGNORED) {
    const wire = Buffer.from(range).toString('latin1');
    const { status, body } = await ask('/a', `Range: ${wire}\r\n`);
    t.same([status, body.length], [200, LENGTH], range);
  }
  t.equal(origin.bodyBytes, 14 + LENGTH, 'and the object was fetched once');
});

t.test('a range beyond the end of the object gets 416', async (t) => {
  const { ask } = await startAttacked(t, OBJECTS);
  for (const range of UNSATISFIABLE) {
    const { status, head } = await ask('/a', `Range: ${range}\r\n`);
    t.equal(status, 416, range.slice(0, 40));
    t.match(head, new RegExp(`^content-range: bytes \\*/${String(LENGTH)}\\r$`, 'im'));
  }
});

t.test('a range longer than the object gets the whole object', async (t) => {
  const { ask } = await startAttacked(t, OBJECTS);
  for (const range of [
    'bytes=-9223372036854775808',
    'bytes=-18446744073709551616',
    `bytes=-${'9'.repeat(4000)}`,
    `bytes=-${String(LENGTH + 1)}`,
    'bytes=0-9007199254740993',
    'bytes=0-18446744073709551615',
    'bytes=00000000000000000000-',
  ]) {
    const { status, head, body } = await ask('/a', `Range: ${range}\r\n`);
    t.same([status, body.length], [206, LENGTH], range.slice(0, 40));
    t.match(head, `content-range: bytes 0-${String(LENGTH - 1)}/${String(LENGTH)}\r\n`);
  }
});

t.test('many and overlapping ranges fetch the object once and return no more', async (t) => {
  const { origin, forebay, ask } = await startAttacked(t, OBJECTS);
  const whole = bytesOf(1, CHUNKS);
  for (const range of [
    `bytes=${Array.from({ length: 1000 }, () => '0-').join()}`,
    `bytes=0-${',0-'.repeat(10)}`,
    `bytes=${Array.from({ length: 200 }, (_, i) => `${String(2 * i)}-${String(2 * i)}`).join()}`,
    `bytes=${Array.from({ length: 30 }, (_, i) => `${String(i)}-`).join()}`,
    `bytes=${Array.from({ length: 20 }, (_, i) => `${String(9 * i)}-${String(9 * i)}`).join()}`,
    `bytes=0-0${',-1'.repeat(20)}`,
  ]) {
    const { status, body } = await ask('/a', `Range: ${range}\r\n`);
    t.equal(status, 200, range.slice(0, 30));
    t.ok(body.equals(whole));
  }
  // What is let through: most of the object, twice asked for, in two parts.
  const { status, body } = await ask(
    '/a',
    `Range: bytes=0-${String(2 * C)},5-${String(2 * C)},${String(3 * C)}-\r\n`,
  );
  t.equal(status, 206);
  t.ok(body.length < LENGTH, `${String(body.length)} bytes`);
  await forebay.holds(CHUNKS + 1);
  t.equal(origin.bodyBytes, 14 + LENGTH);
});

t.test('one byte costs at most one chunk, and nothing when requested again', async (t) => {
  const { origin, forebay, ask } = await startAttacked(t, OBJECTS);
  for (let round = 0; round < 3; round += 1) {
    const { status } = await ask(
      '/a',
      `Range: bytes=${String(2 * C + round)}-${String(2 * C + round)}\r\n`,
    );
    t.equal(status, 206);
    await forebay.holds(2);
  }
  t.equal(origin.bodyBytes, 14 + C);
});

import fc from 'fast-check';
import t from 'tap';
import { ChunkedBody, MAX_SIZE_LINE_BYTES, MAX_TRAILER_BYTES } from '#src/origin/chunked-body.js';

interface Outcome {
  readonly content: string;
  readonly done: boolean;
  /** Bytes that are not the body's. */
  readonly rest: number;
}

/** Reads `wire` in pieces that end at `cuts`; `error` where it was refused. */
function read(wire: string, cuts: readonly number[] = []): Outcome | 'refused' {
  const body = new ChunkedBody();
  const bytes = Buffer.from(wire, 'latin1');
  const ends = [...cuts, bytes.length].sort((a, b) => a - b);
  let content = '';
  let rest = 0;
  let at = 0;
  try {
    for (const end of ends) {
      const piece = bytes.subarray(at, end);
      rest +=
        piece.length -
        body.push(piece, (part) => (content += Buffer.from(part).toString('latin1')));
      at = Math.max(at, end);
    }
  } catch (error) {
    t.match(error, { code: 'origin-protocol' });
    return 'refused';
  }
  return { content, done: body.done, rest };
}

const TOKEN = fc.string({
  unit: fc.constantFrom(...Array.from("abzAZ09!#$%&'*+-.^_`|~")),
  minLength: 1,
  maxLength: 6,
});
const SPACE = fc.string({ unit: fc.constantFrom(' ', '\t'), maxLength: 3 });
const QUOTED = fc
  .array(fc.constantFrom('a', ' ', '\t', ';', '=', '\\"', '\\\\', '\xe9', '!', '[', ']'), {
    maxLength: 6,
  })
  .map((parts) => `"${parts.join('')}"`);
const VALUE = fc.tuple(SPACE, SPACE, fc.oneof(TOKEN, QUOTED)).map(([a, b, v]) => `${a}=${b}${v}`);
const EXTENSION = fc
  .tuple(SPACE, SPACE, TOKEN, fc.option(VALUE, { nil: '' }))
  .map(([before, after, name, value]) => `${before};${after}${name}${value}`);
const EXTENSIONS = fc.array(EXTENSION, { maxLength: 3 }).map((all) => all.join(''));
const DATA = fc.string({
  unit: fc.constantFrom('x', '\r', '\n', '0', ';', '\xff'),
  minLength: 1,
  maxLength: 40,
});
const CHUNK = fc
  .tuple(DATA, fc.integer({ min: 0, max: 3 }), fc.boolean(), EXTENSIONS)
  .map(([data, zeros, upper, extensions]) => {
    const hex = data.length.toString(16);
    const size = '0'.repeat(zeros) + (upper ? hex.toUpperCase() : hex);
    return { data, wire: `${size}${extensions}\r\n${data}\r\n` };
  });
const TRAILERS = fc
  .array(fc.tuple(TOKEN, fc.constantFrom('', ' a', '\t"x"; y', 'Content-Length: 5')), {
    maxLength: 3,
  })
  .map((fields) => fields.map(([name, value]) => `${name}:${value}\r\n`).join(''));
const BODY = fc
  .tuple(fc.array(CHUNK, { maxLength: 5 }), EXTENSIONS, TRAILERS)
  .map(([chunks, extensions, trailers]) => ({
    content: chunks.map(({ data }) => data).join(''),
    wire: `${chunks.map(({ wire }) => wire).join('')}0${extensions}\r\n${trailers}\r\n`,
  }));

t.test('property: a chunked body reads equal wherever it is split', (t) => {
  fc.assert(
    fc.property(BODY, ({ content, wire }) => {
      const whole = { content, done: true, rest: 0 };
      for (let cut = 0; cut <= wire.length; cut += 1) t.same(read(wire, [cut]), whole);
      t.same(
        read(
          wire,
          Array.from(wire, (_, index) => index),
        ),
        whole,
        'byte by byte',
      );
      t.same(read(`${wire}HTTP/1.1`), { ...whole, rest: 8 }, 'what follows is not its own');
      const short = read(wire.slice(0, -1));
      t.match(short, { done: false }, 'without its last byte it is not whole');
    }),
    { numRuns: 60 },
  );
  t.end();
});

/** Each is read by some server as another message (RFC 9112 sections 7.1 and 11.2). */
const REFUSED: readonly string[] = [
  '\r\n0\r\n\r\n',
  ' 5\r\nhello\r\n0\r\n\r\n',
  '5 \r\nhello\r\n0\r\n\r\n',
  '5\t\r\nhello\r\n0\r\n\r\n',
  '5\nhello\r\n0\r\n\r\n',
  '5\rhello\r\n0\r\n\r\n',
  '5\r\r\nhello\r\n0\r\n\r\n',
  '5\r\nhello\n0\r\n\r\n',
  '5\r\nhello0\r\n\r\n',
  '5\r\nhello!\r\n0\r\n\r\n',
  '0x5\r\nhello\r\n0\r\n\r\n',
  '+5\r\nhello\r\n0\r\n\r\n',
  '-5\r\nhello\r\n0\r\n\r\n',
  '5_0\r\nhello\r\n0\r\n\r\n',
  '5g\r\nhello\r\n0\r\n\r\n',
  '5,5\r\nhello\r\n0\r\n\r\n',
  'fffffffffffffff\r\n',
  '10000000000000005\r\nhello\r\n',
  '5;\r\nhello\r\n0\r\n\r\n',
  '5;a;\r\nhello\r\n0\r\n\r\n',
  '5;=b\r\nhello\r\n0\r\n\r\n',
  '5;a=\r\nhello\r\n0\r\n\r\n',
  '5;a b\r\nhello\r\n0\r\n\r\n',
  '5;a="b\r\nhello\r\n0\r\n\r\n',
  '5;a="b\\"\r\nhello\r\n0\r\n\r\n',
  '5;a="b"c\r\nhello\r\n0\r\n\r\n',
  '5;a="\x00"\r\nhello\r\n0\r\n\r\n',
  '5;a\x0b\r\nhello\r\n0\r\n\r\n',
  '5;a=b \r\nhello\r\n0\r\n\r\n',
  '5;\nx\r\nhello\r\n0\r\n\r\n',
  '0\r\n x: 1\r\n\r\n',
  '0\r\nx : 1\r\n\r\n',
  '0\r\nno field\r\n\r\n',
  '0\r\nx: 1\r\n y\r\n\r\n',
  '0\r\nx: 1\n\r\n',
  '0\r\n\n',
  '0\n\n',
];

t.test('an ambiguous chunked body is refused wherever it is split', (t) => {
  for (const wire of REFUSED) {
    for (let cut = 0; cut <= wire.length; cut += 1) {
      t.equal(read(wire, [cut]), 'refused', JSON.stringify([wire, cut]));
    }
  }
  t.end();
});

t.test('chunk sizes are exact up to 2^52 - 1', (t) => {
  const body = new ChunkedBody();
  body.push(Buffer.from('fffffffffffff\r\n'), () => undefined);
  t.equal(
    body.push(Buffer.alloc(1000), () => undefined),
    1000,
    '2^52 - 1 bytes to come',
  );
  t.same(read(`${'0'.repeat(100)}3\r\nabc\r\n0\r\n\r\n`), { content: 'abc', done: true, rest: 0 });
  t.end();
});

t.test('chunk lines and trailers are bounded', (t) => {
  const long = (bytes: number): string => `1;${'a'.repeat(bytes - 2)}\r\nx\r\n0\r\n\r\n`;
  t.match(read(long(MAX_SIZE_LINE_BYTES)), { content: 'x', done: true });
  t.equal(read(long(MAX_SIZE_LINE_BYTES + 1)), 'refused');
  t.equal(read('0'.repeat(MAX_SIZE_LINE_BYTES + 1)), 'refused', 'also one that does not end');
  const trailers = (count: number): string => `0\r\n${'x: 123\r\n'.repeat(count)}\r\n`;
  t.match(read(trailers(MAX_TRAILER_BYTES / 8 - 1)), { done: true });
  t.equal(read(trailers(MAX_TRAILER_BYTES / 8 + 1)), 'refused');
  t.equal(
    read(`0\r\nx: ${'y'.repeat(MAX_TRAILER_BYTES)}`),
    'refused',
    'also one that does not end',
  );
  t.end();
});

import fc from 'fast-check';
import t, { type Test } from 'tap';
import { ForebayError } from '#src/model/errors.js';
import {
  MAX_HEAD_BYTES,
  ResponseHeadParser,
  type BodyFraming,
  type ParsedHead,
} from '#src/origin/response-head.js';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

function parse(text: string): ParsedHead | undefined {
  return new ResponseHeadParser().push(latin1(text));
}

function framing(lines: string, status = '200 OK', version = '1.1'): BodyFraming | undefined {
  return parse(`HTTP/${version} ${status}\r\n${lines}\r\n`)?.framing;
}

function refuses(t: Test, text: string, message?: string): void {
  t.throws(
    () => parse(text),
    { code: 'origin-protocol', source: 'origin' },
    message ?? JSON.stringify(text),
  );
}

void t.test('a head is parsed with the offset of its body', (t) => {
  const text =
    'HTTP/1.1 206 Partial Content\r\nETag:  "a" \r\nX-Y:\r\nContent-Length: 4\r\n\r\nbody';
  const parsed = parse(text);
  t.match(parsed, {
    head: { status: 206, contentLength: 4, headers: { etag: '"a"', 'x-y': '' } },
    framing: { kind: 'length', bytes: 4 },
    keepAlive: true,
    bodyStart: text.length - 4,
  });
  t.equal(parse(text.slice(0, -6)), undefined, 'not complete yet');
  t.end();
});

void t.test('property: a head parses equal wherever it is cut', (t) => {
  const text =
    'HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 200\r\nA: 1\r\na: 2\r\nB: \xe9\r\n\r\nbody';
  const whole = parse(text);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: text.length })), (cuts) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), text.length];
      const parser = new ResponseHeadParser();
      for (const [index, edge] of edges.slice(1).entries()) {
        const from = edges[index] ?? 0;
        const parsed = parser.push(latin1(text.slice(from, edge)));
        if (parsed === undefined) continue;
        t.strictSame(parsed.head, whole?.head);
        t.equal(from + parsed.bodyStart, text.length - 4);
        return;
      }
      throw new Error('the head was never complete');
    }),
    { numRuns: 100 },
  );
  t.strictSame({ ...whole?.head.headers }, { a: '1, 2', b: '\xe9' });
  t.end();
});

void t.test('the framing of a body is read from Content-Length and Transfer-Encoding', (t) => {
  t.strictSame(framing('Content-Length: 0\r\n'), { kind: 'length', bytes: 0 });
  t.strictSame(framing('Content-Length: 5\r\nContent-Length: 5\r\n'), { kind: 'length', bytes: 5 });
  t.strictSame(framing('Content-Length: 5, 5\r\n'), { kind: 'length', bytes: 5 });
  t.strictSame(framing(''), { kind: 'until-close' });
  t.strictSame(framing('Connection: close\r\n'), { kind: 'until-close' });
  t.strictSame(framing('Content-Length: 9\r\n', '304 x'), { kind: 'none' });
  t.strictSame(framing('', '204 x'), { kind: 'none' });
  t.strictSame(framing('Transfer-Encoding: Chunked\r\n'), { kind: 'chunked' });
  t.equal(framing('Transfer-Encoding: identity\r\n')?.kind, 'beyond');
  for (const coding of ['gzip, chunked', 'chunked, chunked', 'chunked, identity', 'gzip', ''])
    t.throws(
      () => framing(`Transfer-Encoding: ${coding}\r\n`),
      { code: 'origin-protocol' },
      coding,
    );
  t.strictSame(framing('Connection: Keep-Alive\r\n'), { kind: 'until-close' });
  t.end();
});

void t.test('keep-alive follows the version and Connection', (t) => {
  const keeps = (lines: string, version: string) =>
    parse(`HTTP/${version} 200 OK\r\nContent-Length: 0\r\n${lines}\r\n`)?.keepAlive;
  t.equal(keeps('', '1.1'), true);
  t.equal(keeps('Connection: close\r\n', '1.1'), false);
  t.equal(keeps('Connection: x, CLOSE\r\n', '1.1'), false);
  t.equal(keeps('', '1.0'), false);
  t.equal(keeps('Connection: keep-alive\r\n', '1.0'), true);
  t.end();
});

void t.test('a malformed or ambiguous head is refused', (t) => {
  for (const statusLine of [
    '',
    'HTTP/1.1',
    'HTTP/1.1 20 OK',
    'HTTP/1.1 2000 OK',
    'HTTP/1.1 099 x',
    'HTTP/1.1 099 x',
    'HTTP/1.1  200 OK',
    'HTTP/2 200',
    'HTTP/1.2 200 OK',
    'http/1.1 200 OK',
    ' HTTP/1.1 200 OK',
    'HTTP/1.1 101 Switching Protocols',
    'ICY 200 OK',
  ]) {
    refuses(t, `${statusLine}\r\nA: b\r\n\r\n`);
  }
  for (const lines of [
    'A: b\r\n folded\r\n',
    '\tA: b\r\n',
    'A : b\r\n',
    ': b\r\n',
    'no colon\r\n',
    'A b: c\r\n',
    'A\0: c\r\n',
    'Content-Length: \r\n',
    'Content-Length: -1\r\n',
    'Content-Length: +1\r\n',
    'Content-Length: 1.0\r\n',
    'Content-Length: 0x10\r\n',
    'Content-Length: 1 0\r\n',
    'Content-Length: 9007199254740992\r\n',
    'Content-Length: 1, 2\r\n',
    'Content-Length: 1\r\nContent-Length: 2\r\n',
    'Content-Length: 1\0\r\n',
    'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n',
    'Transfer-Encoding: chunked\x0b\r\n',
    'Connection: close\0\r\n',
    'A: b\n',
  ]) {
    refuses(t, `HTTP/1.1 200 OK\r\n${lines}\r\n`);
  }
  refuses(t, 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
  t.end();
});

void t.test('a field with control characters is dropped, its neighbours are kept', (t) => {
  for (const value of ['a\rb', 'a\0b', 'a\x1bb', 'a\x7f', '\x01']) {
    const parsed = parse(`HTTP/1.1 200 OK\r\nA: 1\r\nETag: ${value}\r\nB: 2\r\n\r\n`);
    t.strictSame({ ...parsed?.head.headers }, { a: '1', b: '2' });
  }
  t.end();
});

void t.test('the reason phrase is not checked', (t) => {
  t.equal(parse('HTTP/1.1 200 \x1b]0;pwned\x07\r\n\r\n')?.head.status, 200);
  t.equal(parse('HTTP/1.1 200\r\n\r\n')?.head.status, 200);
  t.end();
});

void t.test('the bound on a head includes interim responses and heads without line ends', (t) => {
  const filler = `A: ${'x'.repeat(1000)}\r\n`;
  refuses(t, `HTTP/1.1 200 OK\r\n${filler.repeat(70)}\r\n`, 'one long head');
  refuses(t, 'HTTP/1.1 100 C\r\n\r\n'.repeat(5000), 'interim responses without end');
  const parser = new ResponseHeadParser();
  t.equal(parser.push(latin1('HTTP/1.1 200 ')), undefined);
  t.throws(() => {
    for (let i = 0; i <= MAX_HEAD_BYTES; i += 1000) parser.push(Buffer.alloc(1000, 'x'));
  }, ForebayError);
  t.end();
});

void t.test('property: any bytes are a head, incomplete, or origin-protocol', (t) => {
  const token = fc.constantFrom(
    'HTTP/1.1 200 OK',
    '\r\n',
    '\r',
    '\n',
    ':',
    ' ',
    'Content-Length',
    'Transfer-Encoding',
    'chunked',
    '5',
    '\0',
    '__proto__',
    'Connection',
    'close',
  );
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.array(token, { maxLength: 40 }).map((tokens) => latin1(tokens.join(''))),
    fc
      .array(token, { maxLength: 40 })
      .map((tokens) => latin1(`HTTP/1.1 200 OK\r\n${tokens.join('')}`)),
  );
  fc.assert(
    fc.property(bytes, (given) => {
      try {
        const parsed = new ResponseHeadParser().push(given);
        if (parsed === undefined) return;
        t.ok(parsed.bodyStart <= given.length);
        t.equal(Object.getPrototypeOf(parsed.head.headers), null);
      } catch (error) {
        if (!(error instanceof ForebayError) || error.code !== 'origin-protocol') throw error;
      }
    }),
    { numRuns: 500 },
  );
  t.end();
});

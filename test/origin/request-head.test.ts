import fc from 'fast-check';
import t from 'tap';
import { requestFields, serializeRequest } from '#src/origin/request-head.js';
import { originRequest } from '../fixtures/origin-sink.js';

const URL_ = 'http://origin.example:8080/a%2Fb/c?d=%20e#f';

function withHeaders(headers: Readonly<Record<string, string>>) {
  const request = originRequest(URL_);
  return { ...request, target: { ...request.target, headers } };
}

void t.test('a target is sent unchanged, and one that would break the head throws', (t) => {
  const lineOf = (url: string): string =>
    serializeRequest(originRequest(url)).split('\r\n')[0] ?? '';
  t.equal(lineOf("http://h//a%2fb/c;d?e='f'"), "GET //a%2fb/c;d?e='f' HTTP/1.1");
  for (const url of ['http://h/a b', 'http://h/a\r\nx: y', 'http://h/\xe9']) {
    t.throws(() => lineOf(url), { code: 'internal' }, JSON.stringify(url));
  }
  t.end();
});

void t.test('the request head is exact on the wire', (t) => {
  const request = {
    ...withHeaders({ 'User-Agent': 'curl/8', 'X-Token': 't' }),
    range: { start: 0, end: 1 },
    conditions: { 'if-range': '"a"' },
  };
  t.equal(
    serializeRequest(request),
    [
      'GET /a%2Fb/c?d=%20e HTTP/1.1',
      'host: origin.example:8080',
      'user-agent: curl/8',
      'x-token: t',
      'if-range: "a"',
      'via: 1.1 forebay',
      'accept-encoding: identity',
      'range: bytes=0-0',
      'connection: keep-alive',
      '',
      '',
    ].join('\r\n'),
  );
  t.end();
});

void t.test('a range is inclusive on the wire, and optional', (t) => {
  const range = (value: { start: number; end: number | null } | null) =>
    new Map(requestFields(originRequest(URL_, { range: value }))).get('range');
  t.equal(range({ start: 5, end: 2 ** 53 - 1 }), 'bytes=5-9007199254740990');
  t.equal(range({ start: 5, end: null }), 'bytes=5-');
  t.equal(range(null), undefined);
  t.end();
});

void t.test("a target's fields replace Forebay's Via and no other field of Forebay", (t) => {
  const fields = new Map(
    requestFields(
      withHeaders({
        via: '1.1 a, 1.1 fb-7',
        Host: 'evil',
        Connection: 'x-token',
        'Transfer-Encoding': 'chunked',
        'Content-Length': '9',
        TE: 'trailers',
        Range: 'bytes=0-',
      }),
    ),
  );
  t.strictSame([...fields.keys()].sort(), ['accept-encoding', 'host', 'user-agent', 'via']);
  t.equal(fields.get('via'), '1.1 a, 1.1 fb-7');
  t.equal(fields.get('host'), 'origin.example:8080');
  t.end();
});

void t.test('a field with a line end throws', (t) => {
  fc.assert(
    fc.property(fc.string(), fc.string({ unit: 'binary' }), (name, value) => {
      let text: string;
      try {
        text = serializeRequest(withHeaders({ [name]: value }));
      } catch (error) {
        t.match(error, { code: 'internal' });
        return;
      }
      t.ok(text.endsWith('\r\n\r\n'));
      const lines = text.slice(0, -4).split('\r\n');
      t.ok(lines.length <= 7);
      t.ok(lines.slice(1).every((line) => /^[!-9;-~]+: [\t -~\x80-\xff]*$/.test(line)));
    }),
    { numRuns: 200 },
  );
  t.end();
});

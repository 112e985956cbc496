import fc from 'fast-check';
import t from 'tap';
import { headersFromRaw, headerValue } from '#src/model/headers.js';
import { readPlain, readPlainRange } from '#src/http/request/plain-request.js';
import { parseRange, resolveRange } from '#src/http/request/range-header.js';

const HOST = ['Host', 'a'];

function read(rawHeaders: readonly string[], method = 'GET', httpVersion = '1.1') {
  return readPlain({ method, httpVersion, rawHeaders });
}

t.test('the request of a model loader is plain', (t) => {
  t.same(read(HOST), {
    method: 'GET',
    host: 'a',
    rangeField: null,
    requestId: undefined,
  });
  const fields = [
    'user-agent',
    'x',
    'Accept',
    '*/*',
    'Accept-Encoding',
    'gzip',
    'connection',
    'Keep-Alive',
  ];
  t.same(read([...fields, ...HOST, 'RANGE', 'bytes=0-1', 'X-Request-Id', 'me'], 'HEAD'), {
    method: 'HEAD',
    host: 'a',
    rangeField: 'bytes=0-1',
    requestId: 'me',
  });
  t.end();
});

t.test('a request with a field that changes the answer is not plain', (t) => {
  const deciding = [
    'authorization',
    'cache-control',
    'content-length',
    'cookie',
    'expect',
    'if-match',
    'if-modified-since',
    'if-none-match',
    'if-range',
    'if-unmodified-since',
    'pragma',
    'te',
    'traceparent',
    'transfer-encoding',
    'upgrade',
    'via',
    'x-unheard-of',
    '__proto__',
  ];
  for (const name of deciding) t.equal(read([...HOST, name, '1']), undefined, name);
  for (const method of ['POST', 'get', 'OPTIONS']) t.equal(read(HOST, method), undefined, method);
  t.equal(read(HOST, 'GET', '1.0'), undefined);
  t.equal(read([]), undefined, 'no host');
  t.equal(read(['host', 'a b']), undefined);
  for (const name of ['host', 'range', 'x-request-id']) {
    t.equal(read([...HOST, name, 'a', name, 'a']), undefined, `twice: ${name}`);
  }
  t.equal(read([...HOST, 'connection', 'close']), undefined);
  t.end();
});

t.test("a plain request's range is parsed as by parseRange, or not at all", (t) => {
  const texts = fc.oneof(
    fc
      .tuple(fc.nat(120), fc.option(fc.nat(120)))
      .map(([a, b]) => `bytes=${String(a)}-${String(b ?? '')}`),
    fc.stringMatching(/^bytes=[0-9 ,-]{1,8}$/),
    fc.constantFrom('bytes=-5', 'Bytes=0-1', 'bytes=0-9999999999999999', 'bytes=00-01'),
  );
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 100 }), (text, length) => {
      const plain = readPlainRange(text, length);
      if (plain === undefined) return true;
      const field = parseRange(headerValue(headersFromRaw(['range', text]), 'range'));
      const [only, ...others] = field.kind === 'ranges' ? field.ranges : [];
      if (only === undefined || others.length > 0) return false;
      const end = Math.min(plain.last ?? Infinity, length - 1) + 1;
      t.same(resolveRange(only, length), { start: plain.first, end }, text);
      return true;
    }),
  );
  t.equal(readPlainRange('bytes=100-', 100), undefined, 'beyond the end');
  t.equal(readPlainRange('bytes=2-1', 100), undefined);
  t.end();
});

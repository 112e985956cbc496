/**
 * Which requests a hit server answers, and that it leaves every other one where it lies, to the
 * byte.
 */
import t, { type Test } from 'tap';
import { HEADS, headOf, LONG_MS, restOf, startHits } from '../fixtures/hit-serving.js';
import { recognisable, TestFile } from '../fixtures/sending.js';

const LENGTH = 10_000;
const MAX_BYTES = 5000;
const bytes = recognisable(LENGTH);

async function serving(t: Test) {
  const scene = await startHits(t, { maxBytes: MAX_BYTES });
  const { server } = scene;
  const { fd } = new TestFile(t, bytes);
  server.define('/a', 1, LENGTH);
  server.define('/empty', 2, 0);
  for (const token of [1, 2]) server.grant(token, HEADS, LONG_MS);
  server.open(1, { number: 1, fd }, { begin: 0, end: LENGTH }, LONG_MS);
  return scene;
}

const LINE = 'GET /a HTTP/1.1';
const HOST = 'Host: here';
const RANGE = 'Range: bytes=0-1';

function lines(...all: readonly string[]): string {
  return [...all, '', ''].join('\r\n');
}

/** A request that is plain but for one line of it. */
function withField(...fields: readonly string[]): string {
  return lines(LINE, HOST, RANGE, ...fields);
}

function withRange(value: string): string {
  return lines(LINE, HOST, `Range: ${value}`);
}

/** Name and text of what is for somebody else. */
const OTHERS: Readonly<Record<string, string>> = {
  'an unknown target': lines('GET /b HTTP/1.1', HOST, RANGE),
  'the target with a query': lines('GET /a? HTTP/1.1', HOST, RANGE),
  'a part of the target': lines('GET / HTTP/1.1', HOST, RANGE),
  'the absolute form': lines('GET http://here/a HTTP/1.1', HOST, RANGE),
  'another method': lines('POST /a HTTP/1.1', HOST, RANGE),
  'a method in lower case': lines('get /a HTTP/1.1', HOST, RANGE),
  'a method that begins so': lines('GETS /a HTTP/1.1', HOST, RANGE),
  'HTTP/1.0': lines('GET /a HTTP/1.0', HOST, RANGE),
  'HTTP/1.1 in lower case': lines('GET /a http/1.1', HOST, RANGE),
  'no version': lines('GET /a', HOST, RANGE),
  'two spaces before the target': lines('GET  /a HTTP/1.1', HOST, RANGE),
  'two spaces after it': lines('GET /a  HTTP/1.1', HOST, RANGE),
  'a tab before the target': lines('GET\t/a HTTP/1.1', HOST, RANGE),
  'a space at the end of the line': lines('GET /a HTTP/1.1 ', HOST, RANGE),
  'a leading CRLF': `\r\n${lines(LINE, HOST, RANGE)}`,
  'a leading space': ` ${lines(LINE, HOST, RANGE)}`,
  'a bare LF after the request line': `${LINE}\n${lines(HOST, RANGE)}`,
  'a bare LF after a field': `${LINE}\r\n${HOST}\n${lines(RANGE)}`,
  'a bare LF at the end': `${LINE}\r\n${HOST}\r\n${RANGE}\r\n\n`,
  'a bare CR in a value': withField('Accept: a\rb'),
  'a field that is not of the list': withField('Cache-Control: no-cache'),
  'a condition': withField('If-None-Match: "x"'),
  'a body': `${withField('Content-Length: 1')}x`,
  'a chunked body': `${withField('Transfer-Encoding: chunked')}0\r\n\r\n`,
  'an expectation': withField('Expect: 100-continue'),
  'Connection: close': withField('Connection: close'),
  'more than one connection option': withField('Connection: keep-alive, close'),
  'no Host': lines(LINE, RANGE),
  'two Hosts': withField(HOST),
  'an empty Host': lines(LINE, 'Host:', RANGE),
  'a Host with userinfo': lines(LINE, 'Host: me@here', RANGE),
  'an IPv6 Host': lines(LINE, 'Host: [::1]', RANGE),
  'a Host with a letter in its port': lines(LINE, 'Host: here:8x', RANGE),
  'a list of Hosts': lines(LINE, 'Host: here, there', RANGE),
  'two request ids': withField('X-Request-Id: a', 'X-Request-Id: b'),
  'two request ids, of which one is not acceptable': withField(
    'X-Request-Id: a/b',
    'X-Request-Id: b',
  ),
  'a space before a colon': withField('Accept : x'),
  'a line without a colon': withField('Accept'),
  'a line without a name': withField(': x'),
  'a folded line': withField('Accept: x', ' y'),
  'a tab in a value': withField('Accept:\tx'),
  'a NUL in a value': withField('Accept: \0'),
  'a byte beyond ASCII in a value': withField('Accept: caf\xe9'),
  'a byte beyond ASCII in the target': lines('GET /\xe9 HTTP/1.1', HOST, RANGE),
  'two ranges in a field': withRange('bytes=0-1,3-4'),
  'two ranges in two fields': withField(RANGE),
  'the last bytes': withRange('bytes=-5'),
  'a range at the end': withRange(`bytes=${String(LENGTH)}-`),
  'a range past the end': withRange(`bytes=${String(LENGTH + 1)}-${String(LENGTH + 5)}`),
  'a range that ends before it begins': withRange('bytes=5-4'),
  'an empty range': withRange('bytes=-'),
  'a range without a dash': withRange('bytes=5'),
  'another unit': withRange('items=0-1'),
  'the unit in capitals': withRange('Bytes=0-1'),
  'a space in a range': withRange('bytes= 0-1'),
  'a sign in a range': withRange('bytes=+0-1'),
  'a leading zero in a range': withRange('bytes=00-1'),
  'a number that is too long': withRange('bytes=0-1000000000000000'),
  'a range of what is empty': lines('GET /empty HTTP/1.1', HOST, 'Range: bytes=0-0'),
  'more than is sent so': withRange(`bytes=0-${String(MAX_BYTES)}`),
  'all, where that is more': lines(LINE, HOST),
  'a head of more than 8 KiB': withField(`Referer: ${'x'.repeat(8192)}`),
  TLS: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
};

/** Name and text of what is plain, against the suspicion that nothing is. */
const PLAIN: Readonly<Record<string, string>> = {
  'each field of the list': withField(
    ...['Accept', 'Accept-Encoding', 'Accept-Language', 'Forwarded', 'Referer', 'User-Agent'],
    ...['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Real-Ip'],
  ).replace(/^([AFRUX][\w-]+)$/gm, '$1: any, "thing" ~'),
  'none of it': lines(LINE, HOST, RANGE),
  'twice the same': withField(
    'Accept: a',
    'Accept: b',
    'Connection: keep-alive',
    'connection: Keep-Alive',
  ),
  'no space and many of them': lines(LINE, 'HOST:here:80', 'range:   bytes=0-1  '),
  'an empty value': withField('User-Agent:', 'Referer:  '),
  'an IPv4 Host': lines(LINE, 'host: 127.0.0.1:7080', RANGE),
  'a Host with an empty port': lines(LINE, 'host: h_e-r.e:', RANGE),
  'the longest number': withRange(`bytes=${String(LENGTH - 1)}-999999999999999`),
  'as much as is sent so': withRange(`bytes=0-${String(MAX_BYTES - 1)}`),
  'the head of more': lines('HEAD /a HTTP/1.1', HOST),
  'all of nothing': lines('GET /empty HTTP/1.1', HOST),
};

t.test('a request that is not plain is handed over with all of its bytes', async (t) => {
  const { heard, watched } = await serving(t);
  for (const [name, text] of Object.entries(OTHERS)) {
    const { client, socket, id } = await watched();
    client.socket.end(text, 'latin1');
    await heard.until(({ handed }) => handed.includes(id));
    t.equal(await restOf(socket), text, name);
    t.equal(client.bytes.length, 0);
  }
  t.same([heard.records, heard.asked], [[], []]);
});

t.test('a plain request is answered', async (t) => {
  const { heard, watched } = await serving(t);
  for (const [name, text] of Object.entries(PLAIN)) {
    const before = heard.records.length;
    const { client, socket, id } = await watched();
    client.socket.end(text);
    await heard.until(({ handed }) => handed.includes(id));
    t.equal(await restOf(socket), '', name);
    await heard.until(({ records }) => records.length > before);
  }
  t.equal(heard.records.length, Object.keys(PLAIN).length);
});

t.test('the first pipelined request that is not plain takes the rest with it', async (t) => {
  const { heard, watched } = await serving(t);
  const plain = withField('x-request-id: me');
  const answer = headOf('me', LENGTH, { start: 0, end: 2 }) + bytes.toString('latin1', 0, 2);
  for (const [name, text] of Object.entries(OTHERS)) {
    for (const count of [1, 3]) {
      const { client, socket, id } = await watched();
      client.socket.end(plain.repeat(count) + text + plain, 'latin1');
      await heard.until(({ handed }) => handed.includes(id));
      t.equal(await restOf(socket), text + plain, name);
      await client.until((length) => length >= count * answer.length);
      t.equal(client.text, answer.repeat(count));
    }
  }
});

t.test('a request in two packets is handed over', async (t) => {
  const { heard, watched } = await serving(t);
  const text = withField('x-request-id: me');
  for (let at = 1; at < text.length; at += 1) {
    const { client, socket, id } = await watched();
    client.write(text.slice(0, at));
    await heard.until(({ handed }) => handed.includes(id));
    client.socket.end(text.slice(at));
    t.equal(await restOf(socket), text, String(at));
  }
  t.equal(heard.records.length, 0);
});

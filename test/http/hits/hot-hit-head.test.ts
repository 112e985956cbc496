import t from 'tap';
import { toHeaderMap } from '#src/model/headers.js';
import { HotHitHead } from '#src/http/hits/hot-hit-head.js';

const NOW = Date.UTC(2026, 0, 1);
const reusable = {
  headers: toHeaderMap({
    etag: '"a"',
    'set-cookie': ['a=1', 'b=2'],
    'content-length': '7',
    connection: 'x',
  }),
  receivedAtMs: NOW - 3000,
  lengthBytes: 100,
};

t.test('the head of a range, and of the whole, is complete', (t) => {
  const head = new HotHitHead(reusable, 5500);
  const times = { ageSeconds: 3, ttlSeconds: 60 };
  t.equal(
    head.text({ start: 5, end: 10 }, times, NOW, 'me'),
    [
      'HTTP/1.1 206 Partial Content',
      'etag: "a"',
      'set-cookie: a=1',
      'set-cookie: b=2',
      'via: 1.1 forebay',
      'age: 3',
      'date: Wed, 31 Dec 2025 23:59:57 GMT',
      'x-request-id: me',
      'cache-status: forebay;hit;ttl=60',
      'accept-ranges: bytes',
      'content-range: bytes 5-9/100',
      'content-length: 5',
      'Connection: keep-alive',
      'Keep-Alive: timeout=5',
      '',
      '',
    ].join('\r\n'),
  );
  const whole = head.text(null, times, NOW, 'me');
  t.match(whole, /^HTTP\/1\.1 200 OK\r\n/);
  t.match(whole, '\r\ncontent-length: 100\r\n');
  t.notMatch(whole, 'content-range');
  t.end();
});

t.test('Age and freshness advance; the date of a response without Date does not', (t) => {
  const head = new HotHitHead(reusable, 0);
  const text = (ageSeconds: number, ttlSeconds: number): string =>
    head.text(null, { ageSeconds, ttlSeconds }, NOW + 1000 * ageSeconds, 'me');
  t.match(text(1, 9), /age: 1\r\ndate: .* 23:59:57 GMT.*ttl=9\r\n/s);
  t.match(text(2, 9), 'age: 2\r\n');
  t.match(text(2, 8), /date: .* 23:59:57 GMT.*ttl=8\r\n/s, 'when it was received');
  t.notMatch(text(2, 8), 'Keep-Alive', 'Node sends no Keep-Alive for 0');
  t.end();
});

t.test('digests of the whole content are not sent with a range', (t) => {
  const headers = toHeaderMap({ 'content-digest': 'sha-256=:AAAA:', 'content-md5': 'AAAA' });
  const head = new HotHitHead({ headers, receivedAtMs: NOW, lengthBytes: 100 }, 0);
  const times = { ageSeconds: 3, ttlSeconds: 60 };
  t.match(head.text(null, times, NOW, 'me'), /content-digest: .*content-md5: /s);
  t.notMatch(head.text({ start: 0, end: 9 }, times, NOW, 'me'), /content-(?:digest|md5)/);
  t.end();
});

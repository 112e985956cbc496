/** What is read of one text: its length, its tag, its cuts. */
import t from 'tap';
import { readText, TextReader } from '#src/hub/json-text.js';

t.test("a JSON text's tag does not depend on its pieces", (t) => {
  const bytes = Buffer.from('[{"xetHash":"f","path":"a"}]');
  const whole = readText(bytes);
  const reader = new TextReader();
  for (const byte of bytes) reader.feed(Uint8Array.of(byte));
  t.same(reader.end(), whole);
  t.match(whole, { rawBytes: bytes.length, etag: /^"[0-9a-f]{64}"$/ });
  t.same([...whole.cuts], [2, 16]);
  t.not(readText(Buffer.from('[]')).etag, whole.etag);
  t.end();
});

t.test('a text that is no JSON is an origin-protocol error', (t) => {
  t.throws(() => readText(Buffer.from('<html>')), { code: 'origin-protocol' });
  t.end();
});

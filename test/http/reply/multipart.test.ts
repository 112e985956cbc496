import t from 'tap';
import { contentLength } from '#src/http/reply/content.js';
import { contentRange, multipart } from '#src/http/reply/multipart.js';

const PARTS = [
  { start: 10, end: 12 },
  { start: 0, end: 1 },
];

t.test('parts as RFC 9110 section 14.6 writes them', (t) => {
  const { contentType, content } = multipart(
    PARTS,
    { lengthBytes: 100, contentType: 'text/x; charset=a' },
    'THIS',
  );
  t.equal(contentType, 'multipart/byteranges; boundary=THIS');
  const text = content
    .map((piece) =>
      piece.kind === 'bytes'
        ? Buffer.from(piece.bytes).toString('latin1')
        : `<${String(piece.start)},${String(piece.end)}>`,
    )
    .join('');
  t.equal(
    text,
    [
      '--THIS',
      'Content-Type: text/x; charset=a',
      'Content-Range: bytes 10-11/100',
      '',
      '<10,12>',
      '--THIS',
      'Content-Type: text/x; charset=a',
      'Content-Range: bytes 0-0/100',
      '',
      '<0,1>',
      '--THIS--',
      '',
    ].join('\r\n'),
  );
  t.equal(contentLength(content), text.replace('<10,12>', 'ab').replace('<0,1>', 'c').length);
  t.end();
});

t.test('a multipart body of a representation without a type has parts without a type', (t) => {
  const { content } = multipart(PARTS, { lengthBytes: 100, contentType: undefined }, 'B');
  const [first] = content;
  t.equal(
    first?.kind === 'bytes' && Buffer.from(first.bytes).toString(),
    '--B\r\nContent-Range: bytes 10-11/100\r\n\r\n',
  );
  t.end();
});

t.test('byte positions in part heads are inclusive', (t) => {
  t.equal(contentRange({ start: 0, end: 1 }, 5), 'bytes 0-0/5');
  t.end();
});

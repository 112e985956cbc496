import t from 'tap';
import { BodyFrame, bodyLength } from '#src/origin/body-frame.js';

const ABC = Buffer.from('abc');

function taken(frame: BodyFrame, bytes: Uint8Array): string {
  let content = '';
  frame.take(bytes, (piece) => (content += Buffer.from(piece).toString()));
  return content;
}

function unexpected(): never {
  throw new Error('content beyond the end');
}

t.test('a body with a length is whole after that many bytes, and reset before', (t) => {
  const frame = new BodyFrame({ kind: 'length', bytes: 4 });
  t.equal(frame.directBytes, 4);
  t.equal(taken(frame, ABC), 'abc');
  t.match(frame.atEnd(), { code: 'origin-reset' });
  frame.landed(1);
  t.ok(frame.whole);
  t.equal(frame.atEnd(), undefined);
  t.equal(frame.take(ABC, unexpected), 0, 'what follows is no part of it');
  t.end();
});

t.test('a body without length is whole at the end of the connection', (t) => {
  const frame = new BodyFrame({ kind: 'until-close' });
  t.equal(taken(frame, ABC), 'abc');
  t.notOk(frame.whole);
  t.equal(frame.atEnd(), undefined);
  t.equal(bodyLength({ kind: 'until-close' }), Infinity);
  t.end();
});

t.test('a chunked body is whole after its last chunk, and reset before', (t) => {
  const frame = new BodyFrame({ kind: 'chunked' });
  t.equal(frame.directBytes, 0, 'content and framing come mixed');
  t.equal(taken(frame, Buffer.from('3\r\nabc\r\n')), 'abc');
  t.match(frame.atEnd(), { code: 'origin-reset' });
  t.equal(frame.take(Buffer.from('0\r\n\r\nx'), unexpected), 5);
  t.throws(() => taken(new BodyFrame({ kind: 'chunked' }), Buffer.from('xyz\r\n')), {
    code: 'origin-protocol',
  });
  t.ok(frame.whole);
  t.end();
});

t.test('a response without a body is whole at once', (t) => {
  const frame = new BodyFrame({ kind: 'none' });
  t.ok(frame.whole);
  t.equal(bodyLength({ kind: 'beyond', feature: 'x' }), 0);
  t.equal(frame.take(ABC, unexpected), 0);
  t.end();
});

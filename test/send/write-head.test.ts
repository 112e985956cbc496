import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import t from 'tap';
import { writeHead } from '#src/send/write-head.js';

function response(): ServerResponse {
  return new ServerResponse(new IncomingMessage(new Socket()));
}

t.test('writeHead writes status and fields, lists as separate lines', (t) => {
  const made = response();
  made.sendDate = false;
  writeHead(made, { status: 206, headers: { etag: '"a"', 'set-cookie': ['a=1', 'b=2'] } });
  t.equal(made.statusCode, 206);
  t.equal(made.statusMessage, 'Partial Content');
  t.equal(made.headersSent, true);
  t.end();
});

t.test('writeHead refuses fields that could inject a line', (t) => {
  const injected = { status: 200, headers: { etag: 'a\r\nb: c' } };
  t.throws(
    () => {
      writeHead(response(), injected);
    },
    { code: 'ERR_INVALID_CHAR' },
  );
  t.end();
});

t.test('a status without a name has no reason phrase', (t) => {
  const made = response();
  writeHead(made, { status: 599, headers: {} });
  t.equal(made.statusMessage, '');
  t.end();
});

t.test('__proto__ is handled like any other field name', (t) => {
  const made = response();
  const headers = JSON.parse('{"__proto__": "x"}') as Record<string, string>;
  writeHead(made, { status: 200, headers });
  t.match((made as unknown as { _header: string })._header, /^__proto__: x\r$/m);
  t.end();
});

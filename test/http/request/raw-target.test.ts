import t from 'tap';
import { escapedRequest } from '#src/http/request/raw-target.js';

const REST = ' HTTP/1.1\r\nHost: h\xe9\r\n\r\nGET /\xe9 HTTP/1.1\r\n';

function escaped(packet: string, code = 'HPE_INVALID_URL'): string | undefined {
  const rawPacket = Buffer.from(packet, 'latin1');
  const bytesParsed = packet.search(/[\x80-\xff]/);
  const error = Object.assign(new Error(code), { code, bytesParsed, rawPacket });
  return escapedRequest(error)?.toString('latin1');
}

t.test('the raw target has the bytes of the target and no others', async (t) => {
  t.equal(escaped(`GET /\xe6\xa8\xa1?\xe9${REST}`), `GET /%E6%A8%A1?%E9${REST}`);
  t.equal(escaped(`HEAD http://h/\xe9${REST}`), `HEAD http://h/%E9${REST}`);
  t.equal(escaped(`X: y\r\n\r\nGET /\xe9${REST}`), `GET /%E9${REST}`);
});

t.test('a packet that is not surely a request stays refused', async (t) => {
  for (const packet of [
    `/\xe9${REST}`,
    `get /\xe9${REST}`,
    `PATCH /\xe9${REST}`,
    `xGET /\xe9${REST}`,
    `GET /a /\xe9${REST}`,
    'GET /\xe9',
    'GET /\xe9\r\n\r\n',
    'GET /\xe9\r\nX: y z\r\n',
  ]) {
    t.equal(escaped(packet), undefined, JSON.stringify(packet));
  }
  t.equal(escaped(`GET /\xe9${REST}`, 'HPE_INVALID_HEADER_TOKEN'), undefined);
});

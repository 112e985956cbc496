/**
 * What a hit server does where bytes are not in memory: it waits for somebody to read them, once.
 */
import { readSync } from 'node:fs';
import t from 'tap';
import { coldFiles } from '../fixtures/cold-file.js';
import { HEADS, headOf, LONG_MS, restOf, startHits } from '../fixtures/hit-serving.js';
import { getRequest, recognisable } from '../fixtures/sending.js';

const LENGTH = 300_000;
const ASK = getRequest('/a', 'x-request-id: me\r\n');

t.test('bytes that are only on the disk are reported as cold, then sent', async (t) => {
  const bytes = recognisable(LENGTH);
  const [file, other] = coldFiles(t, [bytes, bytes]);
  if (file === undefined || other === undefined) {
    t.pass('this file system keeps its files in memory');
    return;
  }
  const { server, heard, watched } = await startHits(t);
  server.define('/a', 1, LENGTH);
  server.grant(1, HEADS, LONG_MS);
  server.open(1, { number: 7, fd: file.fd }, { begin: 0, end: LENGTH }, LONG_MS);
  const { client, id } = await watched();
  client.write(ASK);
  await heard.until(({ coldReports }) => coldReports.length === 1);
  t.same(heard.coldReports, [{ connection: id, file: 7, start: 0, end: LENGTH }]);
  t.equal(client.bytes.length, 0, 'nothing was sent');
  readSync(file.fd, Buffer.alloc(LENGTH), 0, LENGTH, 0);
  server.resume(id);
  const expected = Buffer.concat([Buffer.from(headOf('me', LENGTH), 'latin1'), bytes]);
  await client.until(() => client.bytes.length >= expected.length);
  t.ok(client.bytes.equals(expected));
  t.same(heard.handed, []);

  server.revoke(1, 7);
  server.open(1, { number: 8, fd: other.fd }, { begin: 0, end: LENGTH }, LONG_MS);
  const unread = await watched();
  unread.client.socket.end(ASK);
  await heard.until(({ coldReports }) => coldReports.length === 2);
  server.resume(unread.id);
  await heard.until(({ handed }) => handed.includes(unread.id));
  t.equal(await restOf(unread.socket), ASK, 'a second time it is handed over, with its request');
});

/** Pages in browsers that would read, by way of Forebay, what its operator's credentials open. */
import t from 'tap';
import { startAttacked } from '../fixtures/attack.js';
import { askOn, answersOf, plain, rangeField, watchedOf } from '../fixtures/watched.js';

const LENT = { originKeys: { headers: { authorization: 'Bearer operator' } } };
const REBOUND = 'Host: evil.example\r\n';

t.test('a page with a rebound Host cannot read a mount that lends credentials', async (t) => {
  const { forebay, origin, send } = await startAttacked(t, {}, LENT);
  const before = origin.requests.length;
  for (const text of [
    `GET /hit HTTP/1.1\r\n${REBOUND}\r\n`,
    `HEAD /hit HTTP/1.1\r\n${REBOUND}\r\n`,
    `GET /hit HTTP/1.1\r\n${REBOUND}Range: bytes=0-1\r\n\r\n`,
    `GET /other HTTP/1.1\r\n${REBOUND}\r\n`,
    `GET /hit HTTP/1.0\r\n${REBOUND}\r\n`,
  ]) {
    const { status, kept } = await send(text);
    t.same([status, kept], [421, false], text);
  }
  t.equal(origin.requests.length, before, 'the origin was not asked');
  t.equal((await forebay.get('/hit')).status, 200, 'who names the address is answered');
});

t.test('a rebound Host gets no hit from the hit server', async (t) => {
  const { forebay } = await startAttacked(t, {}, LENT);
  const client = await watchedOf(t, forebay, '/hit');
  const answers = await answersOf(forebay);
  const ours = await askOn(client, plain('/hit', rangeField(0, 2)));
  t.equal(ours.status, 206);
  t.equal(await answersOf(forebay), answers + 1, 'a name of ours still goes the short way');
  const { status } = await askOn(client, `GET /hit HTTP/1.1\r\n${REBOUND}\r\n`);
  t.equal(status, 421);
});

t.test('a rebound Host gets no hot hit on a connection that Node serves', async (t) => {
  const { forebay, send } = await startAttacked(t, {}, { ...LENT, listen: { hitThreads: 0 } });
  await forebay.get('/hit');
  await forebay.get('/hit');
  const { status } = await send(`GET /hit HTTP/1.1\r\n${REBOUND}\r\n`);
  t.equal(status, 421);
});

t.test('a reload that lends credentials refuses rebound Hosts, hits included', async (t) => {
  const { forebay, origin } = await startAttacked(t);
  const client = await watchedOf(t, forebay, '/hit');
  const text = `GET /hit HTTP/1.1\r\n${REBOUND}\r\n`;
  t.equal((await askOn(client, text)).status, 200, 'nothing is lent yet');
  forebay.reload({ origin, ...LENT });
  t.equal((await askOn(client, text)).status, 421);
});

t.test('a page of another site is refused, and so is its preflight', async (t) => {
  const { ask, send } = await startAttacked(t, {}, LENT);
  for (const fields of [
    'Origin: https://evil.example\r\n',
    'Sec-Fetch-Site: cross-site\r\n',
    'Origin: null\r\n',
  ]) {
    const { status, code } = await ask('/hit', fields);
    t.same([status, code], [403, 'cross-site'], fields);
  }
  const preflight =
    'OPTIONS /hit HTTP/1.1\r\nHost: h\r\nOrigin: https://evil.example\r\n' +
    'Access-Control-Request-Method: GET\r\n\r\n';
  const { status, head } = await send(preflight);
  t.equal(status, 403);
  t.notMatch(head, /access-control/i);
});

t.test('a page that the configuration names may read, preflight included', async (t) => {
  const page = 'https://app.example';
  const originKeys = { ...LENT.originKeys, cors: [page] };
  const { ask, send } = await startAttacked(t, {}, { originKeys });
  const got = await ask('/hit', `Origin: ${page}\r\nSec-Fetch-Site: cross-site\r\n`);
  t.equal(got.status, 200);
  t.match(got.head, /access-control-allow-origin: https:\/\/app\.example\r\n/);
  const preflight =
    `OPTIONS /hit HTTP/1.1\r\nHost: h\r\nOrigin: ${page}\r\n` +
    'Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: range\r\n\r\n';
  const told = await send(preflight);
  t.equal(told.status, 204);
  t.match(told.head, /access-control-allow-headers: range\r\n/);
});

/** JSON of a hub as clients get it. */
import t from 'tap';
import { forward } from '#src/cache/answers.js';
import { JsonAnswers } from '#src/hub/json-answers.js';
import { toHeaderMap } from '#src/model/headers.js';
import { startRoom } from '../fixtures/running-room.js';

const OUTCOME = forward({ reason: 'miss' });

t.test('only what clients read is told, and what was made once is made once', async (t) => {
  const { upstream } = await startRoom(t);
  const answers = new JsonAnswers();
  const headers = toHeaderMap({
    'content-type': 'application/json',
    'x-total-count': '2',
    'set-cookie': 'a=b',
    'x-xet-hash': 'f',
    link: `<${upstream.uriOf('/api/x?cursor=1')}>; rel="next"`,
  });
  const ask = (raw: string) =>
    answers.answer({ headers, raw: Buffer.from(raw), outcome: OUTCOME }, upstream, 'http://own');
  const one = ask('[{"xetHash":"f","path":"a"}]');
  t.match(one.headers, { 'x-total-count': '2', link: '<http://own/api/x?cursor=1>; rel="next"' });
  t.notOk('set-cookie' in one.headers || 'x-xet-hash' in one.headers);
  t.match(one.headers['etag'], /^"[0-9a-f]{64}"$/);
  t.equal(one.body.lengthBytes, '[{"path":"a"}]'.length);
  const again = ask('[{"xetHash":"f","path":"a"}]');
  t.equal(again.headers['etag'], one.headers['etag']);
  t.not(ask('[]').headers['etag'], one.headers['etag']);
  t.throws(() => ask('<html>'), { code: 'origin-protocol' });
});

t.test('a page that goes on at another host is no page', async (t) => {
  const { upstream } = await startRoom(t);
  const headers = toHeaderMap({ link: '<http://elsewhere.example/x>; rel="next"' });
  const json = { headers, raw: Buffer.from('[]'), outcome: OUTCOME };
  t.throws(() => new JsonAnswers().answer(json, upstream, ''), { code: 'origin-protocol' });
});

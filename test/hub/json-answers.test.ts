/** JSON of a hub as clients get it. */
import t, { type Test } from 'tap';
import { forward } from '#src/cache/answer/answers.js';
import type { Body } from '#src/cache/api/facade.js';
import { bytesAnswer } from '#src/hub/answers.js';
import { JsonAnswers } from '#src/hub/json-answers.js';
import { PIECE_BYTES, readBody } from '#src/hub/read-body.js';
import { ScanPool } from '#src/hub/scan-pool.js';
import { emptyHeaders, toHeaderMap } from '#src/model/headers.js';
import { systemClock } from '#src/model/time.js';
import { startRoom } from '../fixtures/running-room.js';

const OUTCOME = forward({ reason: 'miss' });
const BOUNDS = { clock: systemClock, sourceIdleTimeoutMs: 20_000 };

async function start(t: Test) {
  const { upstream } = await startRoom(t);
  const pool = new ScanPool();
  t.teardown(() => pool.close());
  const answers = new JsonAnswers(pool);
  const reader = { upstream, target: '/api/x', own: 'http://own', bounds: BOUNDS };
  const ask = (body: Body, fields: Record<string, string> = {}) =>
    answers.answer({ headers: toHeaderMap(fields), body, outcome: OUTCOME }, reader);
  const textOf = async (body: Body) => (await readBody(body, BOUNDS)).toString();
  return { upstream, ask, textOf };
}

/** A body of this text; `name`: that of stored bytes. Counts how often it is read. */
function bodyOf(text: string, name?: string, isKept = true) {
  const { body } = bytesAnswer(200, emptyHeaders(), Buffer.from(text), OUTCOME);
  let reads = 0;
  const read: Body['read'] = (...range) => {
    reads += 1;
    return body.read(...range);
  };
  return { body: { ...body, isKept, read, name: () => name }, reads: () => reads };
}

/** A listing that takes more than one piece. */
const LONG = JSON.stringify(Array(30_000).fill({ xetHash: 'f'.repeat(64), path: 'a' }));
const LONG_LEFT = JSON.stringify(Array(30_000).fill({ path: 'a' }));

t.test('JSON for clients has only the members that clients read', async (t) => {
  const { upstream, ask, textOf } = await start(t);
  const fields = {
    'content-type': 'application/json',
    'x-total-count': '2',
    'set-cookie': 'a=b',
    'x-xet-hash': 'f',
    link: `<${upstream.uriOf('/api/x?cursor=1')}>; rel="next"`,
  };
  const { headers, body } = await ask(bodyOf('[{"xetHash":"f","path":"a"}]').body, fields);
  t.match(headers, { 'x-total-count': '2', link: '<http://own/api/x?cursor=1>; rel="next"' });
  t.notOk('set-cookie' in headers || 'x-xet-hash' in headers);
  t.match(headers['etag'], /^"[0-9a-f]{64}"$/);
  t.equal(await textOf(body), '[{"path":"a"}]');
  await t.rejects(ask(bodyOf('<html>').body), { code: 'origin-protocol' });
});

t.test('long and short, stored and new answers are cut equally', async (t) => {
  const { ask, textOf } = await start(t);
  t.ok(LONG.length > 2 * PIECE_BYTES);
  for (const isKept of [true, false]) {
    const { body, holdsBody, headers } = await ask(bodyOf(LONG, undefined, isKept).body);
    t.equal(body.lengthBytes, LONG_LEFT.length);
    t.equal(await textOf(body), LONG_LEFT);
    t.equal(holdsBody, isKept, 'what is stored is not held in memory too');
    t.match(headers['etag'], /^"[0-9a-f]{64}"$/);
  }
  await t.rejects(ask(bodyOf(`${LONG}]`).body), { code: 'origin-protocol' });
});

t.test('cuts found in a stored answer are not searched again', async (t) => {
  const { ask, textOf } = await start(t);
  for (const [text, left, readsOfHit] of [
    ['[{"xetHash":"f"}]', '[{}]', 0],
    [LONG, LONG_LEFT, 1],
  ] as const) {
    const first = await ask(bodyOf(text, `name of ${left}`).body);
    const again = bodyOf(text, `name of ${left}`);
    const hit = await ask(again.body);
    t.equal(again.reads(), 0, 'the answer is there without a look at its text');
    t.equal(hit.headers['etag'], first.headers['etag']);
    t.equal(await textOf(hit.body), left);
    t.equal(again.reads(), readsOfHit, 'what is long goes out from where it is stored');
  }
});

t.test('a listing with its next page at another host is refused', async (t) => {
  const { ask } = await start(t);
  const link = '<http://elsewhere.example/x>; rel="next"';
  await t.rejects(ask(bodyOf('[]').body, { link }), { code: 'origin-protocol' });
});

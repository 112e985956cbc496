import t from 'tap';
import type { RangeHint } from '#src/cache/api/facade.js';
import { chunksOf, forward, passedAnswer } from '#src/cache/answer/answers.js';
import { isClaimedAs, isJoinable } from '#src/cache/rfc9111/stored-digests.js';
import { toHeaderMap } from '#src/model/headers.js';
import { NO_REDIRECTS } from '#src/model/redirect-chain.js';
import type { StoredResponse } from '#src/model/response.js';
import { RUNNING_CHUNK_BYTES } from '../../fixtures/running.js';
import { startRoom } from '../../fixtures/running-room.js';
import { identityOf } from '../../fixtures/store-chunks.js';

t.test('a hint names the chunks of its range', async (t) => {
  const room = await startRoom(t);
  const length = 4 * RUNNING_CHUNK_BYTES + 1;
  const generation = await room.open('/a', length);
  t.teardown(() => {
    generation.release();
  });
  const chunks = (hint: RangeHint) => chunksOf(room.request('/a', { hint }), generation);
  const C = RUNNING_CHUNK_BYTES;
  t.same(chunks({ kind: 'whole' }), [{ first: 0, end: 5 }]);
  t.same(chunks({ kind: 'none' }), [{ first: 0, end: 0 }]);
  t.same(chunks({ kind: 'from', first: C, last: C }), [{ first: 1, end: 2 }]);
  t.same(chunks({ kind: 'from', first: C - 1, last: C }), [{ first: 0, end: 2 }]);
  t.same(chunks({ kind: 'from', first: 2 * C + 5, last: null }), [{ first: 2, end: 5 }]);
  t.same(chunks({ kind: 'suffix', length: 1 }), [{ first: 4, end: 5 }]);
  t.same(chunks({ kind: 'suffix', length: 2 }), [{ first: 3, end: 5 }]);
  t.same(chunks({ kind: 'suffix', length: 100 * C }), [{ first: 0, end: 5 }]);
  const ranges: Extract<RangeHint, { kind: 'several' }>['ranges'] = [
    { kind: 'from', first: C, last: C },
    { kind: 'suffix', length: 1 },
  ];
  t.same(chunks({ kind: 'several', ranges }), [
    { first: 1, end: 2 },
    { first: 4, end: 5 },
  ]);
});

t.test('a response joins others when no token sets it apart', async (t) => {
  const stored = {
    kind: 'response' as const,
    order: 1,
    status: 200,
    headers: toHeaderMap({}),
    requestHeaders: toHeaderMap({}),
    requestTimeMs: 0,
    responseTimeMs: 0,
    hops: [],
    object: identityOf('a', 1),
  };
  t.ok(isJoinable(stored));
  t.notOk(isJoinable({ ...stored, object: identityOf('a', 1, { uniqueToken: 'token' }) }));
});

t.test('a new pin, or one of another digest, opens another object', async (t) => {
  const digest = { algorithm: 'sha256', hex: 'a'.repeat(64) } as const;
  const stored = (status: number, claimed: typeof digest | null): StoredResponse => ({
    kind: 'response',
    order: 1,
    status,
    headers: toHeaderMap({}),
    requestHeaders: toHeaderMap({}),
    requestTimeMs: 0,
    responseTimeMs: 0,
    hops: [],
    object: identityOf('a', 1, { digest: claimed }),
  });
  t.ok(isClaimedAs(stored(200, null), null));
  t.ok(isClaimedAs(stored(200, digest), { ...digest }));
  t.notOk(isClaimedAs(stored(200, null), digest));
  t.notOk(isClaimedAs(stored(203, digest), null));
  t.notOk(isClaimedAs(stored(200, digest), { ...digest, hex: 'b'.repeat(64) }));
  t.ok(isClaimedAs(stored(404, null), digest), 'what is no success has no such content');
});

t.test("the origin's answer to the client's own condition has no content", async (t) => {
  const times = { requestTimeMs: 0, responseTimeMs: 0, order: 1 };
  const headers = toHeaderMap({ etag: '"a"' });
  const answer = passedAnswer({ headers, times, chain: NO_REDIRECTS }, 'uri-miss');
  t.match(answer, { status: 304, headers, ageSeconds: null });
  t.match(answer.outcome, { kind: 'forward', reason: 'uri-miss', originStatus: 304 });
  const segments = [];
  for await (const segment of answer.body.read({ start: 0, end: 10 })) segments.push(segment);
  t.same(segments, []);
  t.same(answer.body.cost(), { originBytes: 0, collapsed: false });
  answer.body.close();
});

t.test('an outcome has no members that were not set', async (t) => {
  t.same(forward({ reason: 'stale' }), {
    kind: 'forward',
    reason: 'stale',
    originStatus: null,
    stored: false,
    collapsed: false,
    unverified: false,
    detail: null,
  });
});

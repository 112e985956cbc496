/** What an answer says of how its bytes were come by. */
import t from 'tap';
import { deferred } from '#src/model/deferred.js';
import { fresh, sizeOf } from '../../fixtures/running-origin.js';
import { startRoom } from '../../fixtures/running-room.js';

t.test('an object whose bytes have all arrived is a hit before its commit', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 1) } });
  const { chunks } = room;
  const commit = chunks.commit.bind(chunks);
  const allowed = deferred<undefined>();
  chunks.commit = async (...args) => {
    await allowed.promise;
    return commit(...args);
  };
  const ask = async () => {
    const answer = await room.cache.lookup(room.request('/a'));
    let length = 0;
    for await (const segment of answer.body.read({ start: 0, end: sizeOf(1) })) {
      if (segment.kind === 'bytes') continue;
      if (segment.kind === 'growing') await segment.watermark.wait(sizeOf(1) - 1);
      length += segment.length;
      segment.release();
    }
    t.equal(length, sizeOf(1));
    answer.body.close();
    return answer.outcome;
  };
  t.match(await ask(), { kind: 'forward', reason: 'uri-miss' });
  t.match(await ask(), { kind: 'hit' });
  t.equal(chunks.usage().chunks, 0, 'while it is not held');
  allowed.resolve(undefined);
  t.equal(room.origin.bodyBytes, sizeOf(1));
});

/** What a contact is to others than its asker. How requests meet is in contacts.test.ts. */
import t from 'tap';
import type { RequestContext } from '#src/cache/fetch/request-context.js';
import { isShared, isStoredSince } from '#src/cache/fetch/sharing.js';
import { emptyHeaders } from '#src/model/headers.js';
import type { ResponseRecord } from '#src/model/response.js';
import { dateAfter, RECEIVED, storedResponse } from '../../fixtures/stored-response.js';

const FRESH = storedResponse({ etag: '"1"', 'cache-control': 'max-age=60' });
const record = (...variants: ResponseRecord['variants']): ResponseRecord => ({
  ...{ origin: 'o', uri: 'http://o/a', acceptsRanges: true },
  variants,
});

t.test('a response stored since the lookup is used if it is fresh and matches', async (t) => {
  const seen = record(storedResponse({ etag: '"0"', date: dateAfter(-900) }));
  const context = {
    ...{ key: 'k', again: false, record: seen, upstream: { pinnedDigest: () => null } },
    request: { target: '/a', headers: emptyHeaders() },
  };
  const since = (now: ResponseRecord | undefined, more: object = {}) => {
    const responses = { get: () => Promise.resolve(now) };
    const clock = { now: () => RECEIVED };
    return isStoredSince(
      { responses, clock } as never,
      { ...context, ...more } as unknown as RequestContext,
    );
  };
  // A plain origin's responses carry no digest of their own.
  const object = { ...FRESH.object, digest: null };
  t.equal(await since(record({ ...FRESH, object })), true);
  t.equal(await since(seen), false, 'nothing came');
  t.equal(await since(undefined), false);
  t.equal(await since(record({ ...FRESH, object }), { again: true }), false, 'it looked twice');
  t.equal(await since(record({ ...FRESH, object, kind: 'hub-permission' })), false);
  const stale = storedResponse({ etag: '"1"', 'cache-control': 'max-age=0' }, {}, { object });
  t.equal(await since(record(stale)), false);
});

t.test('a response that is private, or must be validated by each, is not shared', (t) => {
  const shared = (ephemeral: boolean, control: string) =>
    isShared({
      generation: { isEphemeral: ephemeral },
      stored: storedResponse({ 'cache-control': control }),
    } as unknown as Parameters<typeof isShared>[0]);
  t.ok(shared(false, 'max-age=60'));
  t.notOk(shared(true, 'max-age=60'));
  t.notOk(shared(false, 'no-cache'));
  t.end();
});

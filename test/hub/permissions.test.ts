/** Decisions stand in response records, one for each credential. */
import t from 'tap';
import { fileHeaders, permission, Permissions } from '#src/hub/permissions.js';
import type { ResponseKey } from '#src/model/ids.js';
import type { ObjectIdentity } from '#src/model/manifest.js';
import { MAX_VARIANTS, type ResponseRecord } from '#src/model/response.js';
import type { ResponseStore } from '#src/model/store.js';
import { responseKey } from '#src/store/objects/keys.js';
import { storedResponse } from '../fixtures/stored-response.js';

const ORIGIN = 'hub';
const URI = 'http://hub/acme/m/resolve/main/x';
const digest = { algorithm: 'sha256', hex: '1'.repeat(64) } as const;
const OBJECT: ObjectIdentity = {
  origin: ORIGIN,
  uri: URI,
  variant: '',
  validator: { kind: 'digest' },
  uniqueToken: '',
  lengthBytes: 5,
  chunkSizeBytes: 1024 * 1024,
  digest,
};
const FACTS = {
  commit: 'c'.repeat(40),
  tag: digest.hex,
  digest,
  lengthBytes: 5,
  isLinked: true,
  xetHash: 'f'.repeat(64),
};

function start() {
  const records = new Map<ResponseKey, ResponseRecord>();
  const store: Pick<ResponseStore, 'get' | 'update'> = {
    get: (key) => Promise.resolve(records.get(key)),
    update: (key, change) => {
      const record = change(records.get(key));
      if (record === undefined) records.delete(key);
      else records.set(key, record);
      return Promise.resolve();
    },
  };
  const permissions = new Permissions(store);
  const grant = (who: string, atMs: number, order = atMs) => {
    const told = { object: OBJECT, headers: fileHeaders(FACTS, 5, atMs), status: 200 };
    const times = { requestTimeMs: atMs, responseTimeMs: atMs, order };
    return permissions.grant(ORIGIN, URI, permission(who, told, times), () => true);
  };
  const foundAt = async (who: string) => (await permissions.find(ORIGIN, URI, who))?.responseTimeMs;
  return { permissions, records, grant, foundAt };
}

t.test('a public permission is for every client, a private one for its own', async (t) => {
  const { grant, foundAt } = start();
  await grant('a', 1000);
  t.equal(await foundAt('a'), 1000);
  t.equal(await foundAt('b'), undefined);
  t.equal(await foundAt(''), undefined);
  await grant('', 2000);
  for (const who of ['', 'a', 'b']) t.equal(await foundAt(who), 2000, who);
});

t.test('a decision replaces the earlier one; a revocation removes its own alone', async (t) => {
  const { permissions, records, grant, foundAt } = start();
  await grant('a', 1000);
  await grant('a', 3000);
  await grant('b', 2000);
  t.equal(await foundAt('a'), 3000);
  await permissions.revoke(ORIGIN, URI, 'a');
  t.equal(await foundAt('a'), undefined);
  t.equal(await foundAt('b'), 2000);
  await permissions.revoke(ORIGIN, URI, 'b');
  t.equal(records.size, 0);
  await permissions.revoke(ORIGIN, URI, 'b');
});

t.test('permissions of one file are bounded, and the oldest is asked again', async (t) => {
  const { records, grant, foundAt } = start();
  for (let one = 0; one <= MAX_VARIANTS; one += 1) await grant(String(one), 1000 + one);
  t.equal([...records.values()][0]?.variants.length, MAX_VARIANTS);
  t.equal(await foundAt('0'), undefined, 'the oldest permission is requested again');
});

t.test('the decision requested later counts, whatever the clock shows', async (t) => {
  const { permissions, grant, foundAt } = start();
  await grant('', 9000, 1);
  await grant('a', 1000, 2);
  t.equal(await foundAt('a'), 1000, 'the clock stepped back between them');
  await grant('a', 5000, 1);
  t.equal(await foundAt('a'), 1000, 'an answer that was slow to come');
  await permissions.revoke(ORIGIN, URI, 'a', 2);
  t.equal(await foundAt('a'), 1000, 'the refusal was requested before this permission');
  await permissions.revoke(ORIGIN, URI, 'a', 3);
  t.equal(await foundAt('a'), 9000);
});

t.test('a permission that is no longer current is not stored', async (t) => {
  const { permissions, records } = start();
  const told = { object: OBJECT, headers: fileHeaders(FACTS, 5, 1000), status: 200 };
  const stored = permission('', told, { requestTimeMs: 1, responseTimeMs: 1, order: 1 });
  await permissions.grant(ORIGIN, URI, stored, () => false);
  t.equal(records.size, 0);
});

t.test("a plain origin's response is no permission, whatever its fields", async (t) => {
  const { permissions, records, foundAt } = start();
  const headers = { ...fileHeaders(FACTS, 5, 1000), 'cache-control': 'max-age=60' };
  const plain = storedResponse(headers, {}, { object: { ...OBJECT, validator: { kind: 'none' } } });
  records.set(responseKey(ORIGIN, URI), {
    origin: ORIGIN,
    uri: URI,
    acceptsRanges: true,
    variants: [plain],
  });
  t.equal(await foundAt(''), undefined);
  await permissions.revoke(ORIGIN, URI, 'a');
  t.equal(records.size, 1);
});

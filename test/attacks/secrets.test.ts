/**
 * Everywhere that a credential or a signed URL could be read by somebody who should not: every
 * sink, scanned.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { ObjectList, TransferList } from '#src/admin/shapes.js';
import { adminOf } from '../fixtures/admin-client.js';
import { startCollector } from '../fixtures/collector.js';
import { type RunningForebay, startForebay } from '../fixtures/running.js';
import { FRESH, fresh, runOrigin } from '../fixtures/running-origin.js';
import { Gate } from '../fixtures/scripted-origin.js';

/** Stands in each place where a secret may. */
const SECRET = 'hush-0f3a-secret';
const SIGNED = `/model.bin?X-Amz-Signature=${SECRET}&X-Amz-Expires=900`;
const CLIENT = {
  authorization: `Bearer ${SECRET}`,
  cookie: `session=${SECRET}`,
  'x-api-key': SECRET,
};
const VARIED = 'Authorization, Cookie, X-Api-Key';

/** Every file below the directory that has the secret in it. */
function leaking(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => readFileSync(path, 'latin1').includes(SECRET));
}

async function startVarying(t: Test) {
  const origin = await runOrigin(t, {
    '/vary': {
      ...fresh(1, 1),
      fields: { Vary: VARIED },
      cacheControl: `public, ${FRESH}`,
    },
  });
  const forebay = await startForebay(t, { origin });
  return { origin, forebay };
}

const statusOf = async (forebay: RunningForebay, headers: Record<string, string>) =>
  (await forebay.get('/vary', { headers })).headers['cache-status'];

t.test('Vary values are stored as keyed tags that still select the variant', async (t) => {
  const { origin, forebay } = await startVarying(t);
  t.match(await statusOf(forebay, CLIENT), /stored/);
  await forebay.holds(1);
  t.match(await statusOf(forebay, CLIENT), /hit/);
  t.match(await statusOf(forebay, { ...CLIENT, cookie: 'session=other' }), /fwd=vary-miss/);
  t.match(await statusOf(forebay, {}), /fwd=vary-miss/);
  await forebay.stop();
  t.same(leaking(forebay.directory), []);
  const again = await startForebay(t, { origin, directory: forebay.directory });
  t.match(await statusOf(again, CLIENT), /hit/, 'it lasts');
  t.match(await statusOf(again, { ...CLIENT, 'x-api-key': 'other' }), /fwd=vary-miss/);
});

t.test('tags of another cache key select no variant', async (t) => {
  const { origin, forebay } = await startVarying(t);
  await statusOf(forebay, CLIENT);
  await forebay.holds(1);
  await forebay.stop();
  writeFileSync(join(forebay.directory, 'hub-key'), `${'07'.repeat(32)}\n`);
  const again = await startForebay(t, { origin, directory: forebay.directory });
  t.match(await statusOf(again, CLIENT), /fwd=vary-miss/);
});

t.test('records of an older version with plain Vary values are deleted at the start', async (t) => {
  const { origin, forebay } = await startVarying(t);
  await forebay.stop();
  const { directory } = forebay;
  const old = join(directory, 'responses', 'v1', 'ab');
  mkdirSync(old, { recursive: true });
  writeFileSync(join(old, 'ab'.repeat(32)), SECRET);
  const again = await startForebay(t, { origin, directory });
  await again.stop();
  t.same(leaking(directory), []);
  t.notOk(readdirSync(join(directory, 'responses')).includes('v1'));
});

t.test('the admin API shows no query to a client without the token', async (t) => {
  const collector = await startCollector(t);
  const origin = await runOrigin(t, {
    [SIGNED]: fresh(1, 2),
    [`${SIGNED}&b`]: fresh(2, 2),
    '/plain.bin': fresh(3, 1),
  });
  const forebay = await startForebay(t, { origin, tracing: { endpoint: collector.url } });
  const admin = adminOf(forebay);
  const events = admin.events(t, '/api/v1/transfers/events');
  await forebay.get('/plain.bin');
  await forebay.get(SIGNED);
  const gate = new Gate();
  origin.script({ path: `${SIGNED}&b`, actions: [{ kind: 'gate', at: 10, gate }] });
  const pull = await admin.post('/api/v1/pulls', { urls: [SIGNED] });
  const running = forebay.get(`${SIGNED}&b`);
  const seen: string[] = [];
  await admin.until(
    () => admin.read<TransferList>('/api/v1/transfers'),
    (list) => {
      seen.push(JSON.stringify(list));
      return list.transfers.some(({ target }) => target.startsWith('/model.bin'));
    },
  );
  const { id } = pull.body as { id: string };
  for (const path of [
    '/api/v1/objects',
    '/api/v1/objects?limit=1',
    '/api/v1/objects?prefix=/model.bin',
    '/api/v1/pins',
    '/api/v1/cache',
    `/api/v1/pulls/${id}`,
    '/openapi.json',
  ]) {
    const text = JSON.stringify(await admin.read(path));
    const { next } = JSON.parse(text) as { next?: string | null };
    seen.push(text, Buffer.from(next ?? '', 'base64url').toString('latin1'));
  }
  seen.push(JSON.stringify((await events.next()).value));
  seen.push(JSON.stringify([...(await forebay.metrics()).keys()]));
  gate.open();
  await running;
  const listed = await admin.read<ObjectList>('/api/v1/objects?prefix=/model.bin');
  t.ok(listed.objects.length >= 1);
  for (const { target, uri } of listed.objects) {
    t.equal(target, '/model.bin?…');
    t.match(uri, /\/model\.bin\?…$/);
  }
  await forebay.stop();
  seen.push(
    JSON.stringify([
      collector.named('request'),
      collector.named('fill'),
      collector.named('lookup'),
    ]),
  );
  for (const text of seen) t.notOk(text.includes(SECRET), text.slice(0, 200));
});

t.test('a purge or listing by prefix does not reveal a query letter by letter', async (t) => {
  const origin = await runOrigin(t, { [SIGNED]: fresh(1, 1) });
  const forebay = await startForebay(t, { origin });
  const admin = adminOf(forebay);
  await forebay.get(SIGNED);
  await forebay.holds(1);
  for (const guess of ['/model.bin?', SIGNED, '/model.bin?X-Amz-Signature=no']) {
    const path = `/api/v1/objects?prefix=${encodeURIComponent(guess)}`;
    t.match(await admin.get(path), { status: 403, body: { error: { code: 'token-required' } } });
  }
});

t.test('the admin API shows queries to a client with the token', async (t) => {
  const origin = await runOrigin(t, { [SIGNED]: fresh(1, 1) });
  const forebay = await startForebay(t, { origin });
  await forebay.get(SIGNED);
  await forebay.holds(1);
  const token = readFileSync(join(forebay.directory, 'admin-token'), 'utf8').trim();
  const ask = async (offered: string): Promise<ObjectList> => {
    const response = await fetch(`${forebay.adminUrl}/api/v1/objects`, {
      headers: { authorization: `Bearer ${offered}` },
    });
    return (await response.json()) as ObjectList;
  };
  t.equal((await ask(token)).objects[0]?.target, SIGNED);
  t.equal((await ask(`${token}x`)).objects[0]?.target, '/model.bin?…');
});

t.test('files and directories of the cache have modes 0600 and 0700', async (t) => {
  const { forebay } = await startVarying(t);
  await forebay.get('/vary');
  await forebay.holds(1);
  await forebay.stop();
  for (const entry of readdirSync(forebay.directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    t.equal(statSync(path).mode & 0o777, entry.isDirectory() ? 0o700 : 0o600, path);
  }
});

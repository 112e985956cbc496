/** An origin's redirects as a way into the network that Forebay stands in. */
import t, { type Test } from 'tap';
import { connectRaw } from '../fixtures/program-raw.js';
import { startForebay } from '../fixtures/running.js';
import { fresh, runOrigin } from '../fixtures/running-origin.js';
import type { ScriptedOrigin } from '../fixtures/scripted-origin.js';

/** What must not be reached: another server on this machine. */
async function startInner(t: Test): Promise<ScriptedOrigin> {
  return runOrigin(t, { '/secret': { bytes: Buffer.from('secret'), cacheControl: 'max-age=60' } });
}

async function redirecting(t: Test, to: string, originKeys: Readonly<Record<string, unknown>>) {
  const origin = await runOrigin(t, { '/a': fresh(1, 1) });
  origin.script({ path: '/a', actions: [{ kind: 'redirect', to }] });
  const forebay = await startForebay(t, { origin, originKeys });
  return { origin, forebay };
}

t.test('SSRF: a redirect to a host that is not allowed is refused unresolved', async (t) => {
  const inner = await startInner(t);
  const port = String(inner.port);
  for (const to of [
    `http://127.0.0.1:${port}/secret`,
    `http://localhost:${port}/secret`,
    `http://2130706433:${port}/secret`,
    `http://0x7f.1:${port}/secret`,
    `http://[::1]:${port}/secret`,
    `http://[::ffff:127.0.0.1]:${port}/secret`,
    `http://0.0.0.0:${port}/secret`,
    'http://169.254.169.254/latest/meta-data/',
    'http://[fd00:ec2::254]/latest/meta-data/',
    `http://user@127.0.0.1:${port}/secret`,
    'file:///etc/passwd',
    `gopher://127.0.0.1:${port}/_x`,
  ]) {
    const { forebay } = await redirecting(t, to, { redirectHosts: ['cdn.example'] });
    const got = await forebay.get('/a');
    t.equal(got.status, 502, to);
    t.match(got.headers['cache-status'], /detail=origin-redirect-refused/, to);
    t.notMatch(got.body.toString(), /127\.|169\.|secret/, 'the answer does not say where to');
    await forebay.stop();
  }
  t.equal(inner.connections, 0);
});

t.test('SSRF: a redirect to an allowed host with a private address is refused', async (t) => {
  const inner = await startInner(t);
  const port = String(inner.port);
  for (const [to, host] of [
    // As of a name that its owner has pointed at this machine since (rebinding).
    [`http://localhost:${port}/secret`, 'localhost'],
    [`http://127.0.0.1:${port}/secret`, '127.0.0.1'],
    [`http://2130706433:${port}/secret`, '127.0.0.1'],
    [`http://0:${port}/secret`, '0.0.0.0'],
    ['http://169.254.169.254/latest/meta-data/', '169.254.169.254'],
  ] as const) {
    const { forebay } = await redirecting(t, to, { redirectHosts: [host] });
    const got = await forebay.get('/a');
    t.equal(got.status, 502, to);
    t.match(got.headers['cache-status'], /detail=origin-address-refused/, to);
    await forebay.stop();
  }
  t.equal(inner.connections, 0);
});

t.test('SSRF: a second redirect, and one for a later chunk, are checked as well', async (t) => {
  const inner = await startInner(t);
  const to = `http://localhost:${String(inner.port)}/secret`;
  const { origin, forebay } = await redirecting(t, '/b', { redirectHosts: ['localhost'] });
  origin.script({ path: '/b', actions: [{ kind: 'redirect', to }] });
  t.match((await forebay.get('/a')).status, 502);
  origin.objects.set('/c', fresh(1, 3));
  t.equal((await forebay.range('/c', 0, 1)).length, 1);
  origin.script({ path: '/c', actions: [{ kind: 'redirect', to }] });
  const got = await forebay.get('/c', { headers: { range: 'bytes=-1' } });
  t.not(got.status, 206, 'what is not held would have to come from there');
  t.equal(inner.connections, 0);
});

t.test('allowPrivateRedirects permits private addresses of the allowed hosts only', async (t) => {
  const inner = await startInner(t);
  const to = `http://localhost:${String(inner.port)}/secret`;
  const keys = { redirectHosts: ['localhost'], allowPrivateRedirects: true };
  const allowed = await redirecting(t, to, keys);
  t.equal((await allowed.forebay.get('/a')).body.toString(), 'secret');
  const named = await redirecting(t, to, { ...keys, redirectHosts: ['cdn.example'] });
  t.equal((await named.forebay.get('/a')).status, 502);
});

t.test('a client names no host: neither Host nor the target choose one', async (t) => {
  const inner = await startInner(t);
  const { origin, forebay } = await redirecting(t, '/nowhere', {});
  const port = String(inner.port);
  const got = await forebay.get('/b', {
    headers: { host: `127.0.0.1:${port}`, 'x-forwarded-host': `127.0.0.1:${port}` },
  });
  t.equal(got.status, 404, 'the origin has no such object');
  t.equal(origin.requests.at(-1)?.headers['host'], new URL(origin.url).host);
  t.equal((await forebay.get(`//127.0.0.1:${port}/secret`)).status, 404, 'a path like any other');
  const client = await connectRaw(t, forebay.url);
  client.send(`GET http://127.0.0.1:${port}/secret HTTP/1.1\r\nHost: h\r\n\r\n`);
  t.equal((await client.response()).status, 404, 'the path at the origin that is configured');
  t.equal((await forebay.get(`/@127.0.0.1:${port}/secret`)).status, 404);
  t.equal(inner.connections, 0);
});

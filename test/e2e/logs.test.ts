/**
 * What the program writes: an access line for each request, and never a credential or a signed URL.
 */
import t from 'tap';
import { get } from '../fixtures/program-client.js';
import { SMALL_CHUNKS, startScene, startSceneOrigin } from '../fixtures/program-scene.js';
import { type Program, startProgram } from '../fixtures/program.js';

const MEBIBYTE = 1024 * 1024;
const SEED = 23;
const LENGTH = 2 * MEBIBYTE + 5;
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

/** Stands in every place where a secret may. */
const SECRET = 'hush-0f3a';

t.test('an access line has the fields that an operator needs', async (t) => {
  const { program, url, isRight } = await startScene(t, { seed: SEED, lengthBytes: LENGTH });
  const headers = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01`, 'x-request-id': 'mine' };
  t.ok(isRight(await get(url, { headers })));
  await program.metricReaches('forebay_cache_chunks', (chunks) => chunks === 3);
  await get(url, { headers: { range: 'bytes=0-9' } });
  await program.stop();
  const [miss, hit] = program.logs().filter(({ msg }) => msg === 'request');
  t.match(miss, {
    level: 'info',
    method: 'GET',
    path: '/model',
    range: null,
    status: 200,
    bytes: LENGTH,
    result: 'miss',
    ending: 'complete',
    originBytes: LENGTH,
    waitMs: Number,
    transferMs: Number,
    requestId: 'mine',
    traceId: TRACE,
  });
  t.match(hit, { range: 'bytes=0-9', status: 206, bytes: 10, result: 'hit', originBytes: 0 });
  t.notOk(hit !== undefined && 'traceId' in hit, 'it belongs to no trace');
});

t.test('the text format is readable on a terminal', async (t) => {
  const flags = ['--log-format', 'text'];
  const { program, url } = await startScene(t, { seed: SEED, lengthBytes: LENGTH, flags });
  await get(url, { method: 'HEAD' });
  await program.stop();
  t.match(program.stdout(), /^\S+Z INFO {2}request method=HEAD path=\/model status=200 .*\n$/m);
});

/** Requests that carry secrets in every way, through redirects and failures. */
async function driveSecrets(
  t: Parameters<typeof startScene>[0],
  program: Program,
): Promise<string> {
  const headers = {
    authorization: `Bearer ${SECRET}`,
    cookie: `session=${SECRET}`,
    'x-amz-security-token': SECRET,
    'x-request-id': `not acceptable ${SECRET}`,
    traceparent: SECRET,
  };
  const query = `?X-Amz-Signature=${SECRET}&token=${SECRET}`;
  let bodies = '';
  const paths = ['/model', '/redirected', '/reset', '/wrong', '/denied', '/loop', '/%00'];
  for (const path of [...paths, '/elsewhere', '/model']) {
    const got = await get(`${program.url}${path}${query}`, { headers }).catch(() => undefined);
    if (got !== undefined && got.status >= 400) bodies += got.body.toString();
  }
  // A request that no parser takes, and one that nobody answers any more.
  await t.rejects(
    get(`${program.url}/${'a'.repeat(20_000)}${SECRET}`).then(({ status }) => {
      if (status === 431) throw new Error('refused');
    }),
  );
  const metrics = await get(`${program.adminUrl}/metrics`);
  return bodies + metrics.body.toString();
}

for (const format of ['json', 'text']) {
  t.test(`no credential or signature appears in a log, metric or error (${format})`, async (t) => {
    const origin = await startSceneOrigin(t, { seed: SEED, lengthBytes: LENGTH });
    const signed = `/model?X-Amz-Signature=${SECRET}`;
    const at = (path: string) => ({
      when: (request: { path: string }) => request.path.startsWith(path),
    });
    origin.objects.set(signed, { bytes: { seed: SEED, length: LENGTH } });
    origin.script({ ...at('/redirected'), actions: [{ kind: 'redirect', to: signed }] });
    origin.script({ ...at('/reset'), actions: [{ kind: 'reset', afterBytes: 0 }] });
    origin.script({ ...at('/wrong'), actions: [{ kind: 'status', status: 500, body: 'no' }] });
    origin.script({ ...at('/denied'), actions: [{ kind: 'status', status: 403, body: 'no' }] });
    origin.script({ ...at('/loop'), actions: [{ kind: 'redirect', to: `/loop?s=${SECRET}` }] });
    origin.script({
      ...at('/elsewhere'),
      actions: [{ kind: 'redirect', to: `http://user:${SECRET}@elsewhere.invalid/?s=${SECRET}` }],
    });
    const program = await startProgram(t, {
      origin: origin.url,
      env: { ...SMALL_CHUNKS, FOREBAY_FILL_MAX_ATTEMPTS: '2', FOREBAY_FILL_RETRY_BASE: '1ms' },
      flags: ['--log-level', 'trace', '--log-format', format],
    });
    const answered = await driveSecrets(t, program);
    await program.stop();
    t.match(program.stdout(), /request failed/, 'failures are logged');
    t.ok(
      origin.requests.some(({ headers }) => JSON.stringify(headers).includes(SECRET)),
      'they were sent',
    );
    const written = program.stdout() + program.stderr() + answered;
    t.notOk(
      written.includes(SECRET),
      written.split('\n').find((line) => line.includes(SECRET)) ?? '',
    );
  });
}

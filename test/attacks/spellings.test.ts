/** Rules for a path, asked for in another spelling that the origin may take for the same. */
import { createHash } from 'node:crypto';
import t from 'tap';
import { connectRaw } from '../fixtures/program-raw.js';
import { startForebay } from '../fixtures/running.js';
import { FRESH, runOrigin } from '../fixtures/running-origin.js';

const WRONG = Buffer.from('what the origin has, whatever the spelling');
const PINNED = `sha256:${createHash('sha256').update('what was pinned').digest('hex')}`;
const RIGHT = `sha256:${createHash('sha256').update(WRONG).digest('hex')}`;

const SPELLINGS = [
  '/llama/model+lora.bin',
  '/llama/model%2Blora.bin',
  '/llama/model%2blor%61.bin',
  '/llama//model+lora.bin',
  '//llama/model+lora.bin',
  '/llama%2Fmodel+lora.bin',
  '/llama%5cmodel+lora.bin',
  '/llama/model%252Blora.bin',
  '/llama/model+lora.bin/',
  '/llama/model+lora.bin.',
  '/llama/model+lora.bin;x=1',
  '/llama/model%20lora.bin',
  '/llama/model+lora.bin?x=1',
];

function everywhere(paths: readonly string[]) {
  return Object.fromEntries(paths.map((path) => [path, { bytes: WRONG, cacheControl: FRESH }]));
}

t.test('a pin holds in every spelling, however it is written itself', async (t) => {
  const origin = await runOrigin(t, everywhere(SPELLINGS));
  for (const pattern of ['/llama/model+lora.bin', '/llama/model%2Blora.bin', '/*/model+lora.*']) {
    const originKeys = { digests: [{ pattern, digest: PINNED }] };
    const forebay = await startForebay(t, { origin, originKeys });
    for (const path of SPELLINGS) {
      const got = await forebay.get(path);
      t.equal(got.status, 502, `${pattern}: ${path}`);
      t.match(got.headers['cache-status'], /detail=origin-corrupt/);
      t.notOk(got.body.includes('what the origin has'));
    }
    await forebay.stop();
  }
});

t.test('a strict origin serves each spelling of a pinned path and no other path', async (t) => {
  const origin = await runOrigin(t, everywhere([...SPELLINGS, '/llama/other.bin']));
  const digests = [{ pattern: '/llama/model+lora.bin', digest: RIGHT }];
  const originKeys = { digests, integrity: 'strict' };
  const forebay = await startForebay(t, { origin, originKeys });
  for (const path of SPELLINGS) t.equal((await forebay.get(path)).status, 200, path);
  t.equal((await forebay.get('/llama/other.bin')).status, 502);
});

t.test(
  'a file whose name is not ASCII is pinned by it, also where its bytes come unescaped',
  async (t) => {
    const origin = await runOrigin(t, everywhere(['/%E6%A8%A1/a']));
    const originKeys = { digests: [{ pattern: '/模/*', digest: PINNED }] };
    const forebay = await startForebay(t, { origin, originKeys });
    t.equal((await forebay.get('/%E6%A8%A1/a')).status, 502);
    const client = await connectRaw(t, forebay.url);
    client.socket.write('GET /模/a HTTP/1.1\r\nHost: h\r\n\r\n');
    t.equal((await client.response()).status, 502);
  },
);

t.test('an object pinned against eviction is pinned under every spelling', async (t) => {
  const origin = await runOrigin(t, everywhere(SPELLINGS));
  const forebay = await startForebay(t, {
    origin,
    originKeys: { pinned: ['/llama/model+lora.bin'] },
  });
  for (const path of SPELLINGS) await forebay.get(path);
  await forebay.holds(1);
  const listed = await fetch(`${forebay.adminUrl}/api/v1/objects?limit=100`);
  const { objects } = (await listed.json()) as { objects: { target: string; pinned: boolean }[] };
  // Two of them are equivalent by RFC 3986: `%2blor%61` is `%2Blora`.
  t.equal(objects.length, SPELLINGS.length - 1, 'no others share their bytes');
  for (const { target, pinned } of objects) t.ok(pinned, target);
});

t.test('a purge by prefix removes every spelling of its paths', async (t) => {
  const paths = ['/a+b/x', '/a%2Bb/y', '/a+b//z', '/a+c/x'];
  const origin = await runOrigin(t, everywhere([...paths, '/%E6%A8%A1/x']));
  const forebay = await startForebay(t, { origin });
  for (const path of [...paths, '/%E6%A8%A1/x']) await forebay.get(path);
  const objects = async (query = ''): Promise<string[]> => {
    const answer = await fetch(`${forebay.adminUrl}/api/v1/objects?limit=100${query}`);
    const listed = (await answer.json()) as { objects: { target: string }[] };
    return listed.objects.map(({ target }) => target).sort();
  };
  await forebay.until((metrics) => (metrics.get('forebay_cache_objects') ?? 5) >= 5);
  t.same(await objects(`&prefix=${encodeURIComponent('/模')}`), ['/%E6%A8%A1/x']);
  t.same(await objects(`&prefix=${encodeURIComponent('/%61+b/')}`), paths.slice(0, 3).sort());
});

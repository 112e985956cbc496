import { createHash } from 'node:crypto';
import { blake3 } from '@napi-rs/blake-hash';
import t, { type Test } from 'tap';
import { describe, RUNNING_CHUNK_BYTES as C, startForebay } from '../../fixtures/running.js';
import { bytesOf, fresh, runOrigin, sizeOf } from '../../fixtures/running-origin.js';
import type { ScriptedOrigin } from '../../fixtures/scripted-origin.js';

const ALGORITHMS = ['sha256', 'blake3', 'git-sha1'] as const;

function digestOf(algorithm: (typeof ALGORITHMS)[number], bytes: Buffer): string {
  const hash = {
    sha256: () => createHash('sha256').update(bytes).digest(),
    blake3: () => blake3(bytes),
    'git-sha1': () =>
      createHash('sha1')
        .update(`blob ${String(bytes.length)}\0`)
        .update(bytes)
        .digest(),
  };
  return `${algorithm}:${hash[algorithm]().toString('hex')}`;
}

/** A Forebay with a pin on an object of so many chunks. */
async function pinned(
  t: Test,
  algorithm: (typeof ALGORITHMS)[number],
  chunks: number,
  integrity = 'default',
  cache: Record<string, unknown> = {},
) {
  const origin = await runOrigin(t, { '/a': fresh(1, chunks) });
  const digests = [{ pattern: '/a', digest: digestOf(algorithm, bytesOf(1, chunks)) }];
  const forebay = await startForebay(t, { origin, originKeys: { digests, integrity }, cache });
  return { origin, forebay };
}

/**
 * The origin has good bytes now, under another validator: the failure of the old one is remembered.
 */
function renew(origin: ScriptedOrigin, chunks: number): void {
  origin.objects.set('/a', fresh(1, chunks, { etag: '"mended"' }));
}

function corrupt(origin: ScriptedOrigin, offset: number, times = Infinity): () => void {
  const actions = [{ kind: 'corrupt', offset }] as const;
  const start = Math.floor(offset / C) * C;
  // Only responses with that byte: others would use up the count.
  const when = ({ range }: { range: string | undefined }): boolean =>
    range === undefined || range.startsWith(`bytes=${String(start)}-`);
  return origin.script({ when, times, actions });
}

for (const algorithm of ALGORITHMS) {
  t.test(`${algorithm}: good bytes pass and are attested`, async (t) => {
    const { forebay } = await pinned(t, algorithm, 4);
    const got = await forebay.get('/a');
    t.ok(got.body.equals(bytesOf(1, 4)), describe(got));
    t.equal(await forebay.metric('forebay_objects_verified_total'), 1);
    const again = await forebay.get('/a');
    t.match(again.headers['cache-status'], /^forebay;hit;ttl=\d+$/, 'no longer unverified');
  });

  t.test(`${algorithm}: corrupted once, the refetch heals`, async (t) => {
    const { origin, forebay } = await pinned(t, algorithm, 4);
    corrupt(origin, C + 5, 1);
    const first = await forebay.get('/a');
    t.ok(
      first.aborted || first.status === 502 || first.body.equals(bytesOf(1, 4)),
      describe(first),
    );
    const got = await forebay.get('/a');
    t.ok(got.body.equals(bytesOf(1, 4)), describe(got));
    t.equal(await forebay.metric('forebay_objects_verified_total'), 1);
  });

  t.test(`${algorithm}: corrupted for good, nobody completes; mended, the next does`, async (t) => {
    const { origin, forebay } = await pinned(t, algorithm, 4);
    const mend = corrupt(origin, 2 * C + 9);
    for (let round = 0; round < 2; round += 1) {
      const clients = await Promise.all([1, 2, 3].map(() => forebay.get('/a')));
      for (const got of clients) t.ok(got.aborted || got.status >= 500, describe(got));
    }
    t.ok((await forebay.metric('forebay_chunk_verify_failures_total')) >= 1);
    mend();
    renew(origin, 4);
    const got = await forebay.get('/a');
    t.ok(got.body.equals(bytesOf(1, 4)), describe(got));
  });

  t.test(`${algorithm}: parallel ranges cannot put a corrupted object together`, async (t) => {
    const { origin, forebay } = await pinned(t, algorithm, 6);
    const mend = corrupt(origin, 4 * C + 1);
    const read = () =>
      Promise.all(
        Array.from({ length: 6 }, async (_, index) => {
          const range = `bytes=${String(index * C)}-${String((index + 1) * C - 1)}`;
          return forebay.get('/a', { headers: { range } });
        }),
      );
    for (let round = 0; round < 2; round += 1) {
      const parts = await read();
      t.ok(
        parts.some((got) => got.aborted || got.status !== 206),
        'at least one range fails',
      );
    }
    mend();
    renew(origin, 6);
    const parts = await read();
    t.ok(Buffer.concat(parts.map(({ body }) => body)).equals(bytesOf(1, 6)), 'mended');
  });

  t.test(`${algorithm}: of an object of one chunk no wrong byte leaves`, async (t) => {
    const { origin, forebay } = await pinned(t, algorithm, 1);
    const mend = corrupt(origin, 0);
    const bad = await forebay.get('/a');
    t.equal(bad.status, 502, describe(bad));
    t.match(bad.headers['cache-status'], /origin-corrupt/);
    mend();
    renew(origin, 1);
    t.ok((await forebay.get('/a')).body.equals(bytesOf(1, 1)));
  });

  t.test(`${algorithm}: strict releases nothing before the whole is verified`, async (t) => {
    const { origin, forebay } = await pinned(t, algorithm, 5, 'strict');
    const mend = corrupt(origin, 4 * C + 100);
    const bad = await forebay.get('/a', { headers: { range: 'bytes=0-9' } });
    t.equal(bad.status, 502, describe(bad));
    mend();
    renew(origin, 5);
    const good = await forebay.range('/a', 0, 10);
    t.ok(good.equals(bytesOf(1, 5).subarray(0, 10)));
    t.equal(await forebay.metric('forebay_objects_verified_total'), 1);
  });

  t.test(`${algorithm}: an object larger than the capacity is served`, async (t) => {
    const { forebay } = await pinned(t, algorithm, 40, 'default', { capacity: '12MiB' });
    const clients = await Promise.all([1, 2].map(() => forebay.get('/a')));
    for (const got of clients) t.ok(got.body.equals(bytesOf(1, 40)), describe(got));
    const metrics = await forebay.metrics();
    const verified = metrics.get('forebay_objects_verified_total') ?? 0;
    const givenUp = metrics.get('forebay_object_verifications_given_up_total') ?? 0;
    t.ok(verified + givenUp > 0, 'verified, or counted as given up');
  });
}

t.test('an object without ranges or length is verified as well', async (t) => {
  const { origin, forebay } = await pinned(t, 'sha256', 4);
  origin.objects.set('/a', fresh(1, 4, { ranges: false }));
  const plain = origin.script({
    actions: [{ kind: 'chunked' }, { kind: 'corrupt', offset: C + 1 }],
  });
  const bad = await forebay.get('/a');
  t.ok(bad.aborted || bad.status >= 500, describe(bad));
  plain();
  origin.script({ actions: [{ kind: 'chunked' }] });
  const got = await forebay.get('/a');
  t.ok(got.body.equals(bytesOf(1, 4)), describe(got));
});

t.test('chunks stored before a restart take part in the verification after it', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 4) });
  const digests = [{ pattern: '/a', digest: digestOf('sha256', bytesOf(1, 4)) }];
  const directory = t.testdir();
  const options = { origin, originKeys: { digests }, directory };
  const before = await startForebay(t, options);
  t.ok((await before.range('/a', 0, 10)).equals(bytesOf(1, 4).subarray(0, 10)));
  t.ok((await before.range('/a', C, C + 10)).equals(bytesOf(1, 4).subarray(C, C + 10)));
  await before.holds(2);
  await before.stop();
  const after = await startForebay(t, options);
  t.ok((await after.get('/a')).body.equals(bytesOf(1, 4)));
  t.equal(await after.metric('forebay_objects_verified_total'), 1);
  t.equal(origin.bodyBytes, sizeOf(4));
});

/** Requests of chunk `index` that reached the origin. */
function asksOf(origin: ScriptedOrigin, index: number): number {
  const start = `bytes=${String(index * C)}-`;
  return origin.requests.filter(({ range }) => range?.startsWith(start)).length;
}

for (const integrity of ['default', 'strict']) {
  for (const algorithm of ALGORITHMS) {
    t.test(`${algorithm}, ${integrity}: an uncacheable object is served verified`, async (t) => {
      const origin = await runOrigin(t, { '/a': fresh(1, 3, { cacheControl: 'no-store' }) });
      const digests = [{ pattern: '/a', digest: digestOf(algorithm, bytesOf(1, 3)) }];
      const forebay = await startForebay(t, { origin, originKeys: { digests, integrity } });
      // The origin lies from the second time on: a chunk fetched again must not slip through.
      for (const offset of [5, C + 5, 2 * C + 5]) {
        const start = Math.floor(offset / C) * C;
        const when = ({ range }: { range: string | undefined }): boolean =>
          range?.startsWith(`bytes=${String(start)}-`) === true;
        origin.script({ when, skip: 1, actions: [{ kind: 'corrupt', offset }] });
      }
      const got = await forebay.get('/a');
      const right = got.status === 200 && !got.aborted && got.body.equals(bytesOf(1, 3));
      t.ok(right || got.aborted || got.status >= 500, describe(got));
      if (integrity === 'default') {
        t.ok(right, describe(got));
        t.equal(asksOf(origin, 2), 1, 'the chunk that was withheld is not fetched again');
      }
    });
  }
}

t.test('a digest that is configured later is required of stored objects too', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 2) });
  const first = await startForebay(t, { origin });
  t.equal((await first.get('/a')).status, 200);
  await first.holds(2);
  await first.stop();
  const digests = [{ pattern: '/a', digest: digestOf('sha256', bytesOf(2, 2)) }];
  const second = await startForebay(t, {
    origin,
    originKeys: { digests, integrity: 'strict' },
    directory: first.directory,
  });
  t.equal((await second.get('/a')).status, 502);
});

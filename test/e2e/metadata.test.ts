/**
 * Many URLs with next to nothing behind them: they take their share, and weights are stored as
 * before.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type RunningForebay, startForebay } from '../fixtures/running.js';
import { bytesOf, FRESH, fresh, runOrigin } from '../fixtures/running-origin.js';
import type { ObjectSpec } from '../fixtures/scripted-origin.js';

const MEBIBYTE = 1024 * 1024;

/** The least that may be configured: its directories take half, which leaves some 500 files. */
const CACHE = { capacity: '24MiB', metadataCapacity: '8MiB' };
/** Each has a manifest and a record: more than there is room for. */
const TINY = 400;

const tiny = (index: number): ObjectSpec => ({
  bytes: Buffer.from(`tiny ${String(index)}`),
  cacheControl: FRESH,
});

const statusOf = async (forebay: RunningForebay, path: string): Promise<string> =>
  String((await forebay.get(path)).headers['cache-status']);

t.test('weights are stored and hit after a flood of tiny URLs, also after restarts', async (t) => {
  const names = Array.from({ length: TINY }, (_, index) => `/tiny?x=${String(index)}`);
  const origin = await runOrigin(t, {
    '/weights': fresh(1, 3),
    '/later': fresh(2, 3),
    '/last': fresh(3, 3),
    ...Object.fromEntries(names.map((name, index) => [name, tiny(index)])),
  });
  const forebay = await startForebay(t, { origin, cache: CACHE });
  t.match(await statusOf(forebay, '/weights'), /stored/);
  await forebay.holds(3);
  for (const name of names) await forebay.get(name);
  t.match(await statusOf(forebay, '/weights'), /hit/, 'a scan cost no weights');
  t.match(await statusOf(forebay, '/later'), /stored/);
  await forebay.until((metrics) => (metrics.get('forebay_cache_chunks') ?? 0) >= 6);
  t.match(await statusOf(forebay, '/later'), /hit/);
  t.match(await statusOf(forebay, names.at(-1) ?? ''), /hit/, 'so are the last tiny ones');
  t.match(await statusOf(forebay, names[0] ?? ''), /fwd=uri-miss/, 'the first ones gave way');
  const metrics = await forebay.metrics();
  const evicted = (kind: string): number =>
    metrics.get(`forebay_evicted_metadata_total{kind="${kind}"}`) ?? 0;
  const counts = JSON.stringify([...metrics].filter(([name]) => name.includes('metadata')));
  t.ok(evicted('manifest') > 0 && evicted('response') > 0, counts);

  const used = metrics.get('forebay_cache_metadata_bytes') ?? 0;
  t.ok(used <= 8.5 * MEBIBYTE, String(used));
  t.ok((metrics.get('forebay_cache_size_bytes') ?? Infinity) <= 24 * MEBIBYTE);
  await forebay.stop();

  const { directory } = forebay;
  const again = await startForebay(t, { origin, cache: CACHE, directory });
  t.match(await statusOf(again, '/weights'), /hit/);
  t.match(await statusOf(again, '/last'), /stored/);
  await again.until((found) => found.get('forebay_inflight_fills') === 0);
  const last = await again.get('/last');
  t.match(last.headers['cache-status'], /hit/);
  t.ok(last.body.equals(bytesOf(3, 3)));
});

t.test('a response that could not be kept is not reported as stored', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 1), '/b': fresh(2, 1), '/tiny': tiny(1) });
  const forebay = await startForebay(t, { origin });
  t.match(await statusOf(forebay, '/a'), /;stored/);
  // Drafts cannot be made from now on, whoever runs this.
  rmSync(join(forebay.directory, 'tmp'), { recursive: true });
  for (const path of ['/b', '/b', '/tiny']) {
    const status = await statusOf(forebay, path);
    t.match(status, /detail=not-kept/, path);
    t.notMatch(status, /;stored/, path);
  }
});

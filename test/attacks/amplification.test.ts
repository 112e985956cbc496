/** Clients that ask for a byte of everything and leave: each byte costs a chunk. */
import http from 'node:http';
import t, { type Test } from 'tap';
import { QUOTA_PER_LANE } from '#src/cache/flight/client-quota.js';
import { BASE_LANES_PER_THREAD } from '#src/config/lanes.js';
import {
  type Got,
  readWhole,
  RUNNING_CHUNK_BYTES as C,
  type RunningForebay,
  startForebay,
} from '../fixtures/running.js';
import { bytesOf, fresh, runOrigin } from '../fixtures/running-origin.js';
import { createGate } from '../fixtures/scripted-origin.js';

/** Those beyond these give no client a larger share. */
const LANES = BASE_LANES_PER_THREAD;
const SHARE = QUOTA_PER_LANE * LANES;
const ATTACKS = 2 * SHARE;

async function start(t: Test) {
  const paths = Array.from({ length: ATTACKS }, (_, i) => `/${String(i)}`);
  const origin = await runOrigin(
    t,
    Object.fromEntries(paths.map((path, seed) => [path, fresh(seed, 2)])),
  );
  const fill = {
    threads: 1,
    connectionsPerThread: 2 * LANES,
    firstByteTimeout: '60s',
    requestTimeout: '120s',
  };
  const originKeys = { maxConnections: LANES };
  const forebay = await startForebay(t, { origin, originKeys, fill });
  return { origin, forebay, paths };
}

/** A request from an address of its own; all of 127.0.0.0/8 is this machine. */
function from(forebay: RunningForebay, localAddress: string, path: string, range: string) {
  const request = http.get(forebay.url + path, { agent: false, localAddress, headers: { range } });
  const answer = new Promise<Got | undefined>((resolve) => {
    request.once('response', (response) => {
      resolve(readWhole(response));
    });
    request.once('error', () => {
      resolve(undefined);
    });
  });
  return { request, answer };
}

const outstanding = (found: ReadonlyMap<string, number>): number =>
  (found.get('forebay_inflight_fills') ?? 0) + (found.get('forebay_queued_fills') ?? 0);

for (const what of ['objects', 'chunks'] as const) {
  t.test(`one byte of many ${what}: fetches are bounded, other clients are served`, async (t) => {
    const { origin, forebay, paths } = await start(t);
    // The heads of all objects are known, so that the second kind begins with fills.
    if (what === 'chunks') {
      for (const path of paths) await forebay.range(path, C, C + 1);
      await forebay.holds(ATTACKS);
    }
    const gate = createGate();
    const remove = origin.script({ actions: [{ kind: 'gate', at: -1, gate }] });
    const requests = paths.map((path) => from(forebay, '127.0.0.2', path, 'bytes=0-0'));
    const metric = 'forebay_client_share_full_total';
    await forebay.until((found) => (found.get(metric) ?? 0) === ATTACKS - SHARE);
    t.equal(outstanding(await forebay.metrics()), SHARE);
    // They leave; what they began is still theirs.
    for (const { request } of requests) request.socket?.resetAndDestroy();
    await forebay.until((found) => found.get('forebay_inflight_requests') === 0);
    t.ok(outstanding(await forebay.metrics()) <= SHARE);
    const late = paths.slice(SHARE).map((path) => from(forebay, '127.0.0.2', path, 'bytes=0-0'));
    await forebay.until((found) => found.get('forebay_inflight_requests') === late.length);
    t.ok(outstanding(await forebay.metrics()) <= SHARE, 'asking again gives no new share');
    // Another client is not behind them in their line.
    const other = from(forebay, '127.0.0.3', paths.at(-1) ?? '', 'bytes=0-9');
    await forebay.until((found) => outstanding(found) === SHARE + 1);
    gate.open();
    remove();
    const got = await other.answer;
    t.equal(got?.status, 206);
    t.ok(got?.body.equals(bytesOf(ATTACKS - 1, 2).subarray(0, 10)));
    const served = await Promise.all(late.map(({ answer }) => answer));
    t.ok(
      served.every((one) => one?.status === 206),
      'who waited is served in the end',
    );
  });
}

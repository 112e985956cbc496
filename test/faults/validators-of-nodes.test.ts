/**
 * One name, several nodes behind it: the same bytes under validators of their own, or other bytes.
 */
import t, { type Test } from 'tap';
import { describe, RUNNING_CHUNK_BYTES as C, startForebay } from '../fixtures/running.js';
import { bytesOf, FRESH, fresh, runOrigin } from '../fixtures/running-origin.js';
import { createGate, type SeenRequest } from '../fixtures/scripted-origin.js';

const CHUNKS = 6;
const WHOLE = bytesOf(1, CHUNKS);

/** An origin whose nth answer comes from node `nodeOf(n)`, which has a tag of its own. */
async function startNodes(t: Test, nodeOf: (n: number) => string) {
  const origin = await runOrigin(t, { '/a': fresh(1, CHUNKS) });
  const answer = (seen: SeenRequest): boolean => {
    const tag = `"${nodeOf(origin.requests.length)}"`;
    origin.objects.set(seen.path, { ...fresh(1, CHUNKS), etag: tag });
    return false;
  };
  // A rule that matches nothing sees each request first.
  origin.script({ when: answer, actions: [] });
  return origin;
}

const NODES: Readonly<Record<string, (n: number) => string>> = {
  'two in turn': (n) => `node-${String(n % 2)}`,
  'three in turn': (n) => `node-${String(n % 3)}`,
  'each answer its own': (n) => `answer-${String(n)}`,
};

for (const [name, nodeOf] of Object.entries(NODES)) {
  t.test(
    `validators of nodes (${name}): every read is whole, then one stream, then a hit`,
    async (t) => {
      const origin = await startNodes(t, nodeOf);
      const forebay = await startForebay(t, { origin });
      for (let time = 0; time < 3; time += 1) {
        const got = await forebay.get('/a');
        t.ok(got.body.equals(WHOLE) && !got.aborted, `${String(time)}: ${describe(got)}`);
      }
      const before = origin.requests.length;
      await forebay.holds(CHUNKS);
      const hit = await forebay.get('/a');
      t.ok(hit.body.equals(WHOLE));
      t.match(hit.headers['cache-status'], /hit/);
      t.ok((await forebay.range('/a', C - 1, C + 1)).equals(WHOLE.subarray(C - 1, C + 1)));
      t.equal(origin.requests.length, before);
      t.equal(origin.requests.at(-1)?.range, undefined, 'read as one');
    },
  );
}

t.test('a reader of one version gets no bytes of another answer', async (t) => {
  const origin = await startNodes(t, (n) => `answer-${String(n)}`);
  const forebay = await startForebay(t, { origin });
  const headers = { range: `bytes=10-${String(3 * C)}` };
  const got = await forebay.get('/a', { headers });
  t.ok(got.aborted, describe(got));
  t.ok(got.body.equals(WHOLE.subarray(10, 10 + got.body.length)));
  await forebay.get('/a', { headers });
  const later = await forebay.get('/a', { headers });
  t.ok(later.body.equals(WHOLE.subarray(10, 3 * C + 1)) && !later.aborted, 'of one answer then');
});

t.test('chunks of the old version read ahead are not joined to the new one', async (t) => {
  const { v1, v2 } = versions(C + 5);
  const end = 3 * C;
  const [old, now] = [v1.subarray(0, end), v2.subarray(0, end)];
  const origin = await runOrigin(t, { '/a': { bytes: old, etag: '"v1"', cacheControl: FRESH } });
  const gate = createGate();
  const second = ({ range }: SeenRequest): boolean =>
    range?.startsWith(`bytes=${String(C)}-`) === true;
  const actions = [
    { kind: 'gate', at: -1, gate } as const,
    { kind: 'reset', afterBytes: -1 } as const,
  ];
  origin.script({ when: second, times: 1, actions });
  const forebay = await startForebay(t, { origin });
  const reading = forebay.get('/a');
  await gate.reached;
  // The last chunk comes while the one before it is waited for.
  await forebay.holds(2);
  origin.objects.set('/a', { bytes: now, etag: '"v2"', cacheControl: FRESH });
  gate.open();
  const got = await reading;
  t.ok(got.aborted || got.body.equals(now), describe(got));
});

/** `v2` has the bytes of `v1` up to `differsAt`. */
function versions(differsAt: number): { v1: Buffer; v2: Buffer } {
  const v2 = Buffer.from(WHOLE);
  for (let at = differsAt; at < v2.length; at += 1) v2[at] = (v2[at] ?? 0) ^ 0xff;
  return { v1: WHOLE, v2 };
}

for (const [what, differsAt] of [
  ['from its first byte', 0],
  ['within what was sent', C / 2],
  ['behind what was sent', 3 * C + 17],
] as const) {
  for (const at of [1, 4]) {
    t.test(
      `content that changes ${what}, before chunk ${String(at)}: one version, or cut`,
      async (t) => {
        const { v1, v2 } = versions(differsAt);
        const origin = await runOrigin(t, {
          '/a': { bytes: v1, etag: '"v1"', cacheControl: FRESH },
        });
        const gate = createGate();
        const late = ({ range }: SeenRequest): boolean =>
          Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0) >= at * C;
        origin.script({
          when: late,
          times: 1,
          actions: [
            { kind: 'gate', at: -1, gate },
            { kind: 'reset', afterBytes: -1 },
          ],
        });
        const forebay = await startForebay(t, { origin, fill: { readAheadChunks: 2 } });
        const reading = Promise.all([forebay.get('/a'), forebay.get('/a')]);
        await gate.reached;
        origin.objects.set('/a', { bytes: v2, etag: '"v2"', cacheControl: FRESH });
        gate.open();
        for (const got of await reading) {
          const isOne = [v1, v2].some((version) => got.body.equals(version));
          t.ok(got.aborted || isOne, describe(got));
          if (got.aborted)
            t.ok(
              v1.subarray(0, got.body.length).equals(got.body) ||
                v2.subarray(0, got.body.length).equals(got.body),
              'what came is of one',
            );
        }
        const after = await forebay.get('/a');
        t.ok(after.body.equals(v2) && !after.aborted, describe(after));
        t.equal(after.headers.etag, '"v2"', 'under its own name');
      },
    );
  }
}

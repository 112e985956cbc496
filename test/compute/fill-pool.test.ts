/** The fill threads with their real workers: connections, priorities, dropping, death. */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { FillPool, MAX_QUEUED_JOBS } from '#src/compute/fill-pool.js';
import type { FillTask, OpenTask } from '#src/compute/protocol.js';
import { MemoryBudget } from '#src/model/memory-budget.js';
import {
  POOL_CHUNK_BYTES as CHUNK,
  type PoolScene,
  type PoolShape,
  startPool,
  startRounds,
} from '../fixtures/pool-scene.js';
import { createGate, DEFAULT_ETAG, patternBytes } from '../fixtures/scripted-origin.js';
import { LIMITS, oracleRoot, rootOf, targetOf, WorkerHarness } from '../fixtures/worker-harness.js';
import { OpenMain } from '../fixtures/worker-open-main.js';

const CHUNKS = 12;
const LENGTH = CHUNKS * CHUNK;

function fixture(test: Test, shape: Omit<PoolShape, 'chunks'>): Promise<PoolScene> {
  return startPool(test, { ...shape, chunks: CHUNKS });
}

void t.test('FillPool: fills an object in parallel within the allowed connections', async (t) => {
  const { pool, origin, fill } = await fixture(t, { threads: 2, lanes: 4, maxConnections: 3 });
  t.equal(pool.laneCount, 8);
  const tickets = Array.from({ length: CHUNKS }, (_, index) => fill(index));
  t.equal(pool.active, 3);
  t.equal(pool.queued, CHUNKS - 3);
  const results = await Promise.all(tickets.map((ticket) => ticket.result));
  const chunks = results.map((result) => {
    if (result.kind !== 'filled') throw new Error(`not filled but ${result.kind}`);
    return result.chunk;
  });
  t.equal(rootOf(chunks), oracleRoot(patternBytes(5, 0, LENGTH)));
  t.equal(origin.bodyBytes, LENGTH);
  t.equal(origin.maxOpenConnections, 3);
  t.equal(origin.connections, 3, 'lanes keep their connections between jobs');
  t.equal(pool.active, 0);
});

void t.test('the first lanes are on different threads', async (t) => {
  const { fill, origin } = await fixture(t, { threads: 2, lanes: 1, maxConnections: 2 });
  const gate = createGate();
  origin.script({ actions: [{ kind: 'gate', at: 0, gate }] });
  const tickets = [fill(0), fill(1)];
  // With one lane a thread, two connections at once are two threads.
  await origin.waitFor((each) => each.openConnections === 2);
  gate.open();
  for (const ticket of tickets) t.match(await ticket.result, { kind: 'filled' });
});

void t.test('demand runs before read-ahead; jobs can be promoted and dropped', async (t) => {
  const { pool, fill, origin, order } = await fixture(t, {
    threads: 1,
    lanes: 1,
    maxConnections: 1,
  });
  const gate = createGate();
  origin.next({ kind: 'gate', at: 0, gate });
  const first = fill(0);
  t.equal(await first.started, true);
  const ahead = [fill(1, 'read-ahead'), fill(2, 'read-ahead'), fill(3, 'read-ahead')] as const;
  const demand = fill(4);
  ahead[1].promote();
  first.promote();
  t.equal(ahead[2].dropIfQueued(), true);
  t.equal(ahead[2].dropIfQueued(), false);
  t.equal(first.dropIfQueued(), false, 'it has started');
  t.equal(await ahead[2].started, false);
  await t.rejects(ahead[2].result, { code: 'cancelled' });
  gate.open();
  await Promise.all([first.result, ahead[0].result, ahead[1].result, demand.result]);
  t.same(order, [0, 4, 2, 1]);
  t.equal(pool.queued, 0);
});

void t.test('origins do not wait for each other', async (t) => {
  const { fill, origin } = await fixture(t, { threads: 1, lanes: 2, maxConnections: 1 });
  const gate = createGate();
  origin.next({ kind: 'gate', at: 0, gate });
  const stuck = [fill(0, 'demand', 'slow'), fill(1, 'demand', 'slow')];
  await gate.reached;
  t.match(await fill(2, 'demand', 'fast').result, { kind: 'filled' });
  gate.open();
  for (const ticket of stuck) t.match(await ticket.result, { kind: 'filled' });
});

void t.test('a job whose task cannot be made frees its lane', async (t) => {
  const { pool, fill } = await fixture(t, { threads: 1, lanes: 1, maxConnections: 1 });
  const broken = pool.submit<FillTask>({
    originName: 'origin',
    maxConnections: 1,
    priority: 'demand',
    receivedBytes: () => 0,
    makeTask: () => Promise.reject(new Error('no space')),
  });
  await t.rejects(broken.result, { message: 'no space' });
  t.match(await fill(0).result, { kind: 'filled' });
});

void t.test('the queue is bounded', async (t) => {
  const { pool, fill, origin } = await fixture(t, { threads: 1, lanes: 1, maxConnections: 1 });
  const gate = createGate();
  origin.next({ kind: 'gate', at: 0, gate });
  const running = fill(0);
  const waiting = Array.from({ length: MAX_QUEUED_JOBS }, () => fill(1));
  const refused = fill(2);
  t.equal(await refused.started, false);
  await t.rejects(refused.result, { code: 'overload', retryable: true });
  for (const ticket of waiting) ticket.dropIfQueued();
  t.equal(pool.queued, 0);
  gate.open();
  await running.result;
});

void t.test('open tasks use the same lanes, and their ports are transferred', async (t) => {
  const { pool, harness, origin } = await fixture(t, { threads: 1, lanes: 1, maxConnections: 1 });
  const main = new OpenMain((event) => {
    const index = event.kind === 'want' ? event.index : 0;
    const { slot } = harness.slot(CHUNK, { index, start: index * CHUNK });
    return { kind: 'slot', slot };
  });
  const ticket = pool.submit<OpenTask>({
    originName: 'origin',
    maxConnections: 1,
    priority: 'demand',
    receivedBytes: () => 0,
    makeTask: (lane) => ({
      task: {
        kind: 'open',
        lane,
        target: targetOf(`${origin.url}/o`),
        range: null,
        conditions: {},
        chunkSizeBytes: CHUNK,
        limits: LIMITS,
        control: harness.hub.create().shared,
        port: main.workerPort,
      },
      transferList: [main.workerPort],
    }),
  });
  t.match(await ticket.result, { kind: 'complete', lengthBytes: LENGTH });
  await main.closed();
  t.equal(rootOf(main.chunks), oracleRoot(patternBytes(5, 0, LENGTH)));
});

void t.test('a cancel by the watermark ends a hanging fill, not its neighbour', async (t) => {
  const { pool, harness, origin, fill } = await fixture(t, {
    threads: 1,
    lanes: 2,
    maxConnections: 2,
  });
  const gates = [createGate(), createGate()] as const;
  for (const gate of gates) origin.next({ kind: 'gate', at: 1000, gate });
  const made = harness.slot(CHUNK);
  const hanging = pool.submit<FillTask>({
    originName: 'origin',
    maxConnections: 2,
    priority: 'demand',
    receivedBytes: () => 0,
    makeTask: (lane) => ({
      task: {
        kind: 'fill',
        lane,
        target: targetOf(`${origin.url}/o`),
        slot: made.slot,
        completeLength: LENGTH,
        validator: { kind: 'etag', strong: true, value: DEFAULT_ETAG },
        limits: LIMITS,
      },
    }),
  });
  await gates[0].reached;
  const neighbour = fill(1);
  await gates[1].reached;
  made.watermark.cancel();
  t.match(await hanging.result, { kind: 'failed', error: { code: 'cancelled' } });
  t.equal(made.watermark.state, 'failed');
  gates[1].open();
  t.match(await neighbour.result, { kind: 'filled' });
  gates[0].open();
});

void t.test('a dead worker fails its jobs, frees their lanes, and is replaced', async (t) => {
  const harness = new WorkerHarness(t.testdir({}));
  const memory = new MemoryBudget(0);
  const pool = new FillPool({
    threads: 1,
    connectionsPerThread: 1,
    setup: { wakeFds: [], memoryBudget: memory.shared, memoryLimitBytes: 0 },
    script: new URL('fixtures/dying-worker.js', import.meta.url),
  });
  t.teardown(async () => {
    await pool.close();
    await harness.close();
  });
  const fd = openSync(join(t.testdirName, 'slot'), 'w+');
  t.teardown(() => {
    closeSync(fd);
  });
  const submit = () =>
    pool.submit<FillTask>({
      originName: 'origin',
      maxConnections: 1,
      priority: 'demand',
      receivedBytes: () => 0,
      makeTask: (lane) => ({
        task: {
          kind: 'fill',
          lane,
          target: targetOf('http://127.0.0.1:9/'),
          slot: { ...harness.slot(CHUNK).slot, fd },
          completeLength: CHUNK,
          validator: { kind: 'none' },
          limits: LIMITS,
        },
      }),
    });
  const [dying, next] = [submit(), submit()];
  await t.rejects(dying.result, { code: 'internal', retryable: true });
  await t.rejects(next.result, { code: 'internal', retryable: true });
  t.equal(pool.active, 0);
});

void t.test('close rejects waiting jobs and ends running ones', async (t) => {
  const { pool, fill, origin } = await fixture(t, { threads: 1, lanes: 1, maxConnections: 1 });
  const gate = createGate();
  origin.next({ kind: 'gate', at: 0, gate });
  const [running, waiting] = [fill(0), fill(1)];
  await gate.reached;
  const rejected = [running, waiting].map((ticket) =>
    t.rejects(ticket.result, { code: 'cancelled' }),
  );
  await pool.close();
  await Promise.all(rejected);
  t.equal(await waiting.started, false);
  await t.rejects(fill(2).result, { code: 'cancelled' });
  gate.open();
});

void t.test('an origin that limits each connection gets more of them', async (t) => {
  const { pool, origin, round, finish } = await startRounds(t, (allowed) => allowed);
  t.equal(pool.active, 8);
  t.same([await round(), await round(), await round(), await round()], [8, 8, 8, 16]);
  t.equal(pool.active, 16, 'the waiting fills have started');
  t.same([await round(), await round(), await round()], [16, 16, 16]);
  t.equal(origin.maxOpenConnections, 16);
  await finish();
});

void t.test('an origin with a limit in all returns to its former connections', async (t) => {
  const { pool, origin, round, finish } = await startRounds(t, () => 8);
  t.same([await round(), await round(), await round(), await round()], [8, 8, 8, 16]);
  t.same([await round(), await round()], [16, 8]);
  t.equal(pool.active, 16, 'what runs goes on');
  t.same([await round(), await round()], [8, 8]);
  t.equal(pool.active, 8);
  t.equal(origin.requests.length, 8 * 8 + 8);
  await finish();
});

void t.test('busy lanes are bounded by usable ones; base lanes decide the shares', async (t) => {
  const { pool, fill, origin } = await fixture(t, {
    threads: 2,
    lanes: 8,
    maxConnections: 4,
    usableLanes: 5,
  });
  t.equal(pool.laneCount, 16);
  t.equal(pool.baseLaneCount, 8);
  t.equal(pool.allowedConnections('a', 32), 5);
  const gate = createGate();
  origin.script({ actions: [{ kind: 'gate', at: 0, gate }] });
  const tickets = [0, 1, 2, 3, 4, 5, 6].map((index) =>
    fill(index, 'demand', index % 2 === 0 ? 'a' : 'b'),
  );
  t.equal(pool.active, 5);
  pool.resize(6);
  t.equal(pool.active, 6, 'room for one more');
  pool.resize(1);
  gate.open();
  for (const ticket of tickets) t.match(await ticket.result, { kind: 'filled' });
});

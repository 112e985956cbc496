import t from 'tap';
import type { Pull } from '#src/cli/api-types.js';
import { TICK_MS } from '#src/cli/progress.js';
import { startCommand } from '../../fixtures/command-process.js';
import { commandScene } from '../../fixtures/command-scene.js';
import { hubCommands } from '../../fixtures/hub-commands.js';
import { shardedModel } from '../../fixtures/hub-models.js';
import { ManualClock } from '../../fixtures/manual-clock.js';
import { RecordingTerminal } from '../../fixtures/recording-terminal.js';
import { createGate } from '../../fixtures/scripted-origin.js';
import { waitUntil } from '../../fixtures/wait-until.js';

const MIB = 2 ** 20;
const LENGTH = 5 * MIB + 17;
const OBJECTS = {
  '/a.bin': { bytes: { seed: 1, length: LENGTH } },
  '/b.bin': { bytes: { seed: 2, length: MIB } },
};

/** Moves `clock` on, a tick at a time, until what was said so far matches. */
async function tickUntil(clock: ManualClock, terminal: RecordingTerminal, pattern: RegExp) {
  await waitUntil(
    `stderr matches ${String(pattern)}`,
    () => pattern.test(terminal.stderr),
    () => {
      clock.advance(TICK_MS);
    },
  );
}

t.test('pull fetches an object into the cache and prints its true counts', async (t) => {
  const { run, origin } = await commandScene(t, OBJECTS);
  const first = await run(['pull', '/a.bin', '--json']);
  t.equal(first.exitCode, 0, first.stderr);
  t.match(JSON.parse(first.stdout), {
    state: 'done',
    items: [
      {
        url: '/a.bin',
        state: { kind: 'done' },
        lengthBytes: LENGTH,
        heldBytes: 0,
        receivedBytes: LENGTH,
        committedBytes: LENGTH,
      },
    ],
  });
  t.equal(origin.bodyBytes, LENGTH, 'each byte was fetched once');

  const again = await run(['pull', `${origin.url}/a.bin`]);
  t.equal(again.exitCode, 0, again.stderr);
  t.match(
    again.stdout,
    /^done .*: received 0 B, verified 0 B, committed 0 B of 5\.0 MiB; 5\.0 MiB held before\n$/,
  );
  t.equal(origin.bodyBytes, LENGTH, 'and none a second time');
});

t.test('pull counts bytes that were held already apart', async (t) => {
  const { run, origin } = await commandScene(t, OBJECTS);
  t.equal((await run(['pull', '/b.bin'])).exitCode, 0);
  const { exitCode, stdout } = await run(['pull', '/a.bin', '/b.bin', '--json']);
  t.equal(exitCode, 0);
  const { items } = JSON.parse(stdout) as Pull;
  t.match(items, [
    { url: '/a.bin', heldBytes: 0, receivedBytes: LENGTH },
    { url: '/b.bin', heldBytes: MIB, receivedBytes: 0 },
  ]);
  t.equal(origin.bodyBytes, LENGTH + MIB);
});

t.test('pull reports a stall while it lasts, and finishes after it', async (t) => {
  const { run, origin } = await commandScene(t, OBJECTS);
  const gate = createGate();
  origin.script({ path: '/a.bin', times: 1, actions: [{ kind: 'gate', at: MIB / 2, gate }] });
  const terminal = new RecordingTerminal();
  const clock = new ManualClock();
  const pulling = run(['pull', '/a.bin', '--progress', 'plain'], { terminal, clock });
  await gate.reached;
  await tickUntil(clock, terminal, /^\/a\.bin: stalled [12] s, waiting for the origin$/m);
  gate.open();
  const { exitCode, stdout } = await pulling;
  t.equal(exitCode, 0);
  t.equal(stdout, 'done /a.bin: received 5.0 MiB, verified 0 B, committed 5.0 MiB of 5.0 MiB\n');
  t.equal(origin.bodyBytes, LENGTH);
  t.equal(clock.pendingTimers, 0);
});

t.test('pull prints no rate before the first measurement', async (t) => {
  const { run, origin } = await commandScene(t, OBJECTS);
  const gate = createGate();
  origin.script({ path: '/a.bin', times: 1, actions: [{ kind: 'gate', at: 100, gate }] });
  const terminal = new RecordingTerminal({}, true);
  const clock = new ManualClock();
  const pulling = run(['pull', '/a.bin'], { terminal, clock });
  await gate.reached;
  await tickUntil(clock, terminal, /waiting for the origin; received \d/);
  gate.open();
  t.equal((await pulling).exitCode, 0);
  t.notMatch(terminal.stderr, /NaN|Infinity|undefined/);
});

t.test('pull of a model prints a table and continues where a fault broke it off', async (t) => {
  const files = shardedModel({ shards: 2, shardBytes: 3 * MIB });
  const { hub, run } = await hubCommands(t, { repositories: [{ id: 'acme/tiny', files }] });
  const total = Object.entries(files)
    .filter(([name]) => name.endsWith('.safetensors'))
    .reduce((sum, [, { length }]) => sum + length, 0);
  const first = await run(['pull', 'acme/tiny', '--include', '*00001-of*.safetensors']);
  t.equal(first.exitCode, 0, first.stdout);
  const mend = hub.fail('cdn', 404, Infinity);
  const broken = await run(['pull', 'acme/tiny', '--include', '*.safetensors']);
  mend();
  t.equal(broken.exitCode, 66, broken.stdout);
  t.match(broken.stdout, /^FILE +SIZE +HELD BEFORE/);
  t.match(broken.stdout, /: 1 of 2 files done: /);
  const again = await run(['pull', 'acme/tiny', '--include', '*.safetensors']);
  t.equal(again.exitCode, 0, again.stdout);
  t.match(again.stdout, /: 2 of 2 files done: /);
  t.match(again.stdout, / held before$/m);
  t.equal(hub.contentBytes, total, 'each byte was fetched once in both');
});

t.test('pull has an exit code for each kind of failure', async (t) => {
  const { run, origin } = await commandScene(t, OBJECTS);
  const missing = await run(['pull', '/missing.bin']);
  t.equal(missing.exitCode, 66, missing.stderr);
  t.match(missing.stdout, /^failed \/missing\.bin: received 0 B.*; origin-status: /);
  t.equal((await run(['pull', 'http://elsewhere.example/x'])).exitCode, 66);
  const mixed = await run(['pull', '/a.bin', '/missing.bin']);
  t.equal(mixed.exitCode, 66, 'what failed decides');
  t.match(mixed.stdout, /^done \/a\.bin: .*\nfailed \/missing\.bin: .*\n1 of 2 URLs done: /);
  await origin.close();
  const gone = await run(['pull', '/b.bin']);
  t.equal(gone.exitCode, 75, gone.stdout);
});

t.test('pull exits with 64 for contradictory arguments', async (t) => {
  const { run } = await commandScene(t, OBJECTS);
  for (const args of [['a/b', 'c/d'], ['/a.bin', '--include', '*.bin'], ['a/b@']]) {
    const { exitCode, stderr } = await run(['pull', ...args]);
    t.equal(exitCode, 64, stderr);
    t.match(stderr, /^error: /);
  }
});

t.test('pull: SIGINT keeps committed chunks, and the next pull continues there', async (t) => {
  const { run, origin, configFile } = await commandScene(t, OBJECTS);
  const gate = createGate();
  const atChunk3 = (range: string | undefined) =>
    range?.startsWith(`bytes=${String(3 * MIB)}-`) === true;
  const remove = origin.script({
    when: ({ range }) => atChunk3(range),
    actions: [{ kind: 'gate', at: -1, gate }],
  });
  const command = startCommand(t, ['pull', '/a.bin', '--json', '--config', configFile]);
  await gate.reached;
  command.signal('SIGINT');
  t.equal(await command.ended, 130, command.stderr());
  t.match(command.stderr(), /SIGINT: cancelling; what is committed stays/);
  const { items } = JSON.parse(command.stdout()) as Pull;
  const committed = items[0]?.committedBytes ?? 0;
  t.ok(committed < LENGTH);
  remove();
  gate.open();
  const { exitCode, stdout } = await run(['pull', '/a.bin', '--json']);
  t.equal(exitCode, 0);
  const [item] = (JSON.parse(stdout) as Pull).items;
  t.ok(item !== undefined && item.heldBytes >= committed, 'it was there when the pull began');
  t.equal((item?.heldBytes ?? 0) + (item?.receivedBytes ?? 0), LENGTH);
});

/** How the program ends: it drains when asked, at once when asked twice, and leaves no lock. */
import net from 'node:net';
import t from 'tap';
import { get } from '../fixtures/program-client.js';
import { startScene } from '../fixtures/program-scene.js';
import { createGate } from '../fixtures/scripted-origin.js';

const MEBIBYTE = 1024 * 1024;
const SEED = 14;
const LENGTH = 6 * MEBIBYTE;

/** Connections that the kernel may take before the listener is gone; each of them is then reset. */
const MAX_LATE_CONNECTIONS = 100;

/**
 * True once a new connection is refused: until then those that come are closed without an answer.
 */
async function refusesSoon(url: string): Promise<boolean> {
  const { hostname: host, port } = new URL(url);
  for (let late = 0; late < MAX_LATE_CONNECTIONS; late += 1) {
    const socket = net.connect({ host, port: Number(port) });
    let code: string | undefined;
    socket.on('error', (error: NodeJS.ErrnoException) => {
      code = error.code;
    });
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    if (socket.bytesRead > 0) return false;
    if (code === 'ECONNREFUSED') return true;
  }
  return false;
}

t.test('SIGTERM lets a running download finish and takes no more', async (t) => {
  const { origin, program, url, isRight } = await startScene(t, {
    seed: SEED,
    lengthBytes: LENGTH,
  });
  const gate = createGate();
  origin.script({ actions: [{ kind: 'gate', at: 1000, gate }] });
  const running = get(url);
  await gate.reached;

  const stopped = program.stop();
  await program.says('SIGTERM: finishing responses in progress');
  t.ok(await refusesSoon(url), 'no new clients');
  gate.open();
  t.ok(isRight(await running), 'the download is whole');
  t.equal(await stopped, 0);
});

t.test('a drain ends at its timeout', async (t) => {
  const { origin, program, url } = await startScene(t, {
    seed: SEED,
    lengthBytes: LENGTH,
    env: { FOREBAY_LISTEN_DRAIN_TIMEOUT: '200ms' },
  });
  const gate = createGate();
  // The first chunk is whole, so that the client has its head and begins to read.
  origin.script({ skip: 1, actions: [{ kind: 'gate', at: 1000, gate }] });
  const running = get(url);
  await gate.reached;
  t.equal(await program.stop(), 0);
  t.notOk((await running).whole, 'the client sees that its download broke off');
});

t.test('a second signal ends the program at once', async (t) => {
  const { origin, program, url } = await startScene(t, { seed: SEED, lengthBytes: LENGTH });
  const gate = createGate();
  origin.script({ actions: [{ kind: 'gate', at: -1, gate }] });
  const running = t.rejects(get(url));
  await gate.reached;
  program.signal('SIGTERM');
  await program.says('SIGTERM');
  program.signal('SIGINT');
  t.equal(await program.ended, 130);
  await running;
});

t.test('SIGINT drains as well, and an idle program ends at once', async (t) => {
  const { program, url, isRight } = await startScene(t, { seed: SEED, lengthBytes: LENGTH });
  t.ok(isRight(await get(url)));
  program.signal('SIGINT');
  t.equal(await program.ended, 0);
});

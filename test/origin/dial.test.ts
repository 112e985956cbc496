import type { LookupAddress } from 'node:dns';
import net from 'node:net';
import t, { type Test } from 'tap';
import { ForebayError } from '#src/model/errors.js';
import { ATTEMPT_DELAY_MS, dial, DialError, MAX_ADDRESSES } from '#src/origin/dial.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import { waitUntil } from '../fixtures/wait-until.js';

/** What happens to an attempt at an address. */
type Fate = 'silence' | 'refuses' | 'works';

/** An address of each fate; those that work are a real server's. */
async function scene(t: Test, fates: readonly Fate[], v6: readonly number[] = []) {
  const server = net.createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const clock = new ManualClock();
  const abort = new AbortController();
  const attempts: { at: number; host: string; socket: net.Socket }[] = [];
  const addresses: LookupAddress[] = fates.map((_, index) =>
    v6.includes(index)
      ? { address: `::${String(index + 1)}`, family: 6 }
      : { address: `127.0.0.${String(index + 1)}`, family: 4 },
  );
  const settled = dial({
    host: 'name.example',
    port,
    clock,
    signal: abort.signal,
    lookup: (_host, _options, callback) => {
      callback(null, addresses);
    },
    connect: (options) => {
      const host = String(options.host);
      const fate = fates[addresses.findIndex(({ address }) => address === host)];
      const socket = fate === 'works' ? net.connect(port, '127.0.0.1') : new net.Socket();
      attempts.push({ at: clock.monotonic(), host, socket });
      if (fate === 'refuses') {
        const error = Object.assign(new Error(host), { code: 'ECONNREFUSED' });
        setImmediate(() => socket.destroy(error));
      }
      return socket;
    },
  });
  settled.then((socket) => socket.destroy()).catch(() => undefined);
  return { clock, abort, attempts, settled };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

t.test('dial: a silent address is kept while the next one is tried beside it', async (t) => {
  const { clock, attempts, settled } = await scene(t, ['silence', 'silence', 'works']);
  await turn();
  t.equal(attempts.length, 1);
  clock.advance(ATTEMPT_DELAY_MS - 1);
  t.equal(attempts.length, 1);
  clock.advance(1);
  t.equal(attempts.length, 2);
  t.notOk(attempts[0]?.socket.destroyed, 'far away is not broken');
  clock.advance(ATTEMPT_DELAY_MS);
  await settled;
  t.same(
    attempts.map(({ at }) => at),
    [0, 250, 500],
  );
  t.ok(attempts[0]?.socket.destroyed, 'the others end with the race');
  t.equal(clock.pendingTimers, 0);
});

t.test('dial: after a refusal the next address is tried at once', async (t) => {
  const { clock, attempts, settled } = await scene(t, ['refuses', 'refuses', 'works']);
  await settled;
  t.same(
    attempts.map(({ at }) => at),
    [0, 0, 0],
  );
  t.equal(clock.pendingTimers, 0);
});

t.test('dial: the last address is awaited as long as a single one', async (t) => {
  const { clock, attempts, abort, settled } = await scene(t, ['refuses', 'silence']);
  await waitUntil('the second address is tried', () => attempts.length >= 2);
  clock.advance(3_600_000);
  t.notOk(attempts[1]?.socket.destroyed);
  abort.abort();
  await t.rejects(settled, { code: 'cancelled' });
  t.ok(attempts[1]?.socket.destroyed);
});

t.test('dial: when all addresses fail, the error names each reason', async (t) => {
  const { settled } = await scene(t, ['refuses', 'refuses']);
  const error: unknown = await settled.catch((thrown: unknown) => thrown);
  t.type(error, DialError);
  t.match(error, { message: /^127\.0\.0\.1:\d+ ECONNREFUSED, 127\.0\.0\.2:\d+ ECONNREFUSED$/ });
});

t.test('dial: address families alternate, the preferred one first, up to a bound', async (t) => {
  const fates = Array.from({ length: MAX_ADDRESSES + 4 }, (): Fate => 'refuses');
  const { attempts, settled } = await scene(t, fates, [0, 1, 2]);
  await t.rejects(settled);
  const hosts = attempts.map(({ host }) => host);
  t.same(hosts.slice(0, 6), ['::1', '127.0.0.4', '::2', '127.0.0.5', '::3', '127.0.0.6']);
  t.equal(hosts.length, MAX_ADDRESSES);
});

t.test('dial: a name without address, and an aborted lookup, reject', async (t) => {
  const { settled } = await scene(t, []);
  await t.rejects(settled, { code: 'origin-dns' });
  const abort = new AbortController();
  const clock = new ManualClock();
  const lookup = () => undefined;
  const waiting = dial({ host: 'x.example', port: 1, clock, lookup, signal: abort.signal });
  abort.abort();
  await t.rejects(waiting, ForebayError);
});

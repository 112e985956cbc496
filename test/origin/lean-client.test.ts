import t from 'tap';
import { LeanClient } from '#src/origin/lean-client.js';
import { IDLE_CONNECTION_MS } from '#src/origin/options.js';
import { originClientContract } from '../contract/origin-client.js';
import { OBJECT_BYTES, setUp, type ClientUnderTest } from '../contract/origin-client-subject.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import { CollectingSink, originRequest } from '../fixtures/origin-sink.js';

const subject: ClientUnderTest = {
  create: (options) => new LeanClient(options),
};

void t.test('OriginClient: contract of the lean client', (t) => originClientContract(t, subject));

void t.test('body bytes land in the sink without a copy', async (t) => {
  const { client, url } = await setUp(t, subject);
  const memory = Buffer.alloc(64 * 1024);
  let direct = 0;
  await client.fetch(originRequest(url), {
    head: () => 'read',
    // A copying client fills what it asked for last; a direct one asks before it knows the count.
    space: () => memory,
    filled: (count) => {
      if (count === memory.length) direct += 1;
    },
  });
  t.ok(direct > 0, 'whole buffers were filled by single reads');
});

void t.test(
  'a response without a body leaves the connection usable, read or refused',
  async (t) => {
    const { origin, client, url } = await setUp(t, subject);
    const fields = { 'Content-Length': '12345' };
    for (const verdict of ['read', 'refuse'] as const) {
      origin.next([
        { kind: 'status', status: 304, body: '' },
        { kind: 'fields', fields },
      ]);
      const outcome = await client.fetch(
        originRequest(url),
        new CollectingSink({ verdict: () => verdict }),
      );
      t.equal(outcome.kind, verdict === 'read' ? 'complete' : 'refused');
    }
    await client.fetch(originRequest(url), new CollectingSink());
    t.equal(origin.connections, 1);
  },
);

void t.test('a keep-alive body without length ends with the connection', async (t) => {
  const { origin, client, url } = await setUp(t, subject);
  origin.next([
    { kind: 'close-delimited' },
    { kind: 'fields', fields: { Connection: 'keep-alive' } },
    { kind: 'close-after' },
  ]);
  const sink = new CollectingSink();
  const outcome = await client.fetch(originRequest(url), sink);
  t.strictSame(outcome, { kind: 'complete', bodyBytes: OBJECT_BYTES });
  t.equal(origin.requests.length, 1);
});

void t.test('an obsolete transfer coding is left to the other client', async (t) => {
  const { origin, client, url } = await setUp(t, subject);
  origin.next([
    { kind: 'close-delimited' },
    { kind: 'fields', fields: { 'Transfer-Encoding': 'identity' } },
  ]);
  const sink = new CollectingSink();
  const outcome = await client.fetch(originRequest(url), sink);
  t.strictSame(outcome, { kind: 'unsupported-framing', feature: 'transfer-encoding' });
  t.equal(sink.heads.length, 0);
});

void t.test('an idle connection is closed after a while', async (t) => {
  const clock = new ManualClock();
  const { origin, client, url } = await setUp(t, subject, { clock });
  await client.fetch(originRequest(url), new CollectingSink());
  clock.advance(IDLE_CONNECTION_MS - 1);
  t.equal(origin.openConnections, 1);
  clock.advance(1);
  await origin.waitFor(({ openConnections }) => openConnections === 0);
  t.equal(clock.pendingTimers, 0);
});

void t.test('a busy connection is not closed by the timer of its idle time', async (t) => {
  const clock = new ManualClock();
  const { origin, client, url } = await setUp(t, subject, { clock });
  await client.fetch(originRequest(url), new CollectingSink());
  const sink = new CollectingSink({
    onFilled: (total) => {
      if (total < 1000) clock.advance(IDLE_CONNECTION_MS);
    },
  });
  await client.fetch(originRequest(url, { range: { start: 0, end: 5000 } }), sink);
  t.equal(sink.total, 5000);
  t.equal(origin.connections, 1);
});

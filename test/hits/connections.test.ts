/** One connection, asked by turns for what the hit server answers and for what it does not. */
import t, { type Test } from 'tap';
import { startCollector } from '../fixtures/collector.js';
import { connectRaw } from '../fixtures/program-raw.js';
import { type RunningForebay, type RunningOptions, startForebay } from '../fixtures/running.js';
import { fresh, FRESH, runOrigin, sizeOf } from '../fixtures/running-origin.js';
import { patternBytes, type ScriptedOrigin } from '../fixtures/scripted-origin.js';
import { answersOf, askOn, plain, rangeField, watchedOf } from '../fixtures/watched.js';

const MEBIBYTE = 1024 * 1024;
const BIG = 21;
const ETAG = '"the-big-one"';

async function start(t: Test, more: RunningOptions = {}) {
  const origin = await runOrigin(t, {
    '/a': fresh(1, 2, { etag: ETAG }),
    '/big': fresh(2, BIG),
    '/unstored': { bytes: Buffer.from('now'), cacheControl: 'no-store' },
    '/small': { bytes: Buffer.from('small'), cacheControl: FRESH },
  });
  const origins = [{ name: 'origin', url: origin.url, passMethods: true }];
  return { origin, forebay: await startForebay(t, { origins, ...more }) };
}

interface Other {
  readonly text: string;
  readonly status: number;
  readonly body: Buffer;
}

const OTHERS: Readonly<Record<string, Other>> = {
  'what is not stored': { text: plain('/unstored'), status: 200, body: Buffer.from('now') },
  'a range of 20 MiB': {
    text: plain('/big', rangeField(100, 100 + 20 * MEBIBYTE)),
    status: 206,
    body: patternBytes(2, 100, 100 + 20 * MEBIBYTE),
  },
  'a method that is passed on': {
    text: plain('/done', 'Content-Length: 3\r\n', 'POST') + 'abc',
    status: 200,
    body: Buffer.from('done'),
  },
  'a condition': {
    text: plain('/a', `If-None-Match: ${ETAG}\r\n`),
    status: 304,
    body: Buffer.alloc(0),
  },
  'the last bytes': {
    text: plain('/a', 'Range: bytes=-5\r\n'),
    status: 206,
    body: patternBytes(1, sizeOf(2) - 5, sizeOf(2)),
  },
  'a range beyond the end': {
    text: plain('/a', 'Range: bytes=99999999-\r\n'),
    status: 416,
    body: Buffer.from(''),
  },
  HEAD: { text: plain('/big', '', 'HEAD'), status: 200, body: Buffer.alloc(0) },
};

t.test('hits and other requests alternate on one connection', async (t) => {
  const { origin, forebay } = await start(t);
  origin.script({
    path: '/done',
    actions: [{ kind: 'status', status: 200, fields: {}, body: 'done' }],
  });
  const isHit = async (ask: () => ReturnType<typeof askOn>, at: number): Promise<boolean> => {
    const { status, head, body } = await ask();
    const isRight = body.equals(patternBytes(1, at, at + 1000));
    return status === 206 && isRight && /^cache-status: forebay;hit/im.test(head);
  };
  await forebay.get('/big');
  for (const [name, { text, status, body }] of Object.entries(OTHERS)) {
    const client = await watchedOf(t, forebay, '/a');
    for (let round = 1; round <= 3; round += 1) {
      const at = round * 1000;
      const hit = () => askOn(client, plain('/a', rangeField(at, at + 1000)));
      t.ok(await isHit(hit, at), `${name}: before`);
      const got = await askOn(client, text);
      t.equal(got.status, status, name);
      if (status !== 416) t.ok(got.body.equals(body), name);
      t.ok(await isHit(hit, at), `${name}: after`);
    }
    client.socket.destroy();
  }
});

t.test('pipelined hits and misses are answered in order', async (t) => {
  const { forebay } = await start(t);
  const client = await watchedOf(t, forebay, '/a');
  const paths = ['/a', '/a', '/small', '/a', '/unstored', '/a'];
  client.send(paths.map((path) => plain(path, rangeField(0, 3))).join(''));
  for (const path of paths) {
    const { body } = await client.response();
    const expected = path === '/a' ? patternBytes(1, 0, 3) : Buffer.from(path.slice(1, 4));
    const now = Buffer.from('now');
    t.ok(body.equals(path === '/unstored' ? now : expected), path);
  }
});

t.test('every request is counted once, whoever answered it', async (t) => {
  const { forebay } = await start(t);
  const before = await forebay.metric('forebay_requests_total');
  const client = await watchedOf(t, forebay, '/a');
  const asked = await forebay.metric('forebay_requests_total');
  const answers = await answersOf(forebay);
  t.ok(asked > before);
  for (let count = 0; count < 100; count += 1) await askOn(client, plain('/a', rangeField(0, 9)));
  t.equal(await forebay.metric('forebay_requests_total'), asked + 100);
  t.equal(await answersOf(forebay), answers + 100);
});

async function hits(forebay: RunningForebay, t: Test, origin: ScriptedOrigin): Promise<void> {
  await forebay.get('/a');
  await forebay.holds(2);
  const { length } = origin.requests;
  for (let count = 0; count < 20; count += 1) {
    const client = await connectRaw(t, forebay.url);
    for (let more = 0; more < 3; more += 1) {
      const { body } = await askOn(client, plain('/a', rangeField(0, 1000)));
      t.ok(body.equals(patternBytes(1, 0, 1000)));
    }
    client.socket.destroy();
  }
  t.equal(origin.requests.length, length, 'all of them hits');
}

const WITHOUT: Readonly<Record<string, RunningOptions>> = {
  'no threads': { listen: { hitThreads: 0 } },
  'no sendfile': { listen: { sendfile: false } },
};

for (const [name, options] of Object.entries(WITHOUT)) {
  t.test(`the hit server answers nothing where there are ${name}`, async (t) => {
    const { origin, forebay } = await start(t, options);
    await hits(forebay, t, origin);
    t.equal(await answersOf(forebay), 0);
  });
}

t.test('the hit server answers nothing while requests are traced', async (t) => {
  const collector = await startCollector(t);
  const { origin, forebay } = await start(t, { tracing: { endpoint: collector.url } });
  await hits(forebay, t, origin);
  t.equal(await answersOf(forebay), 0);
});

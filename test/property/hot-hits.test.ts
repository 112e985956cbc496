/**
 * Compares the fast paths of hits (http/hits/hot-hits, http/hits/hit-front) with a full lookup.
 * Before each request the same is requested with only-if-cached, which needs a full lookup and is
 * never forwarded. The fast path must give the same answer to the byte; where the full lookup finds
 * nothing, it must give no hit.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import fc from 'fast-check';
import t from 'tap';
import { type AdminClient, adminOf } from '../fixtures/admin-client.js';
import { type RunningOptions, startForebay } from '../fixtures/running.js';
import { runOrigin } from '../fixtures/running-origin.js';
import { patternBytes, type ScriptedOrigin } from '../fixtures/scripted-origin.js';
import { ShiftedClock } from '../fixtures/shifted-clock.js';

const PATH = '/a';

/** Not stored: asking for it is news for whoever vouches for answers. */
const UNSTORED = '/unstored';
const LENGTH = 100_000;
const MAX_AGE = 100;

/** Only a stored response may answer, which is never for the short way to say. */
const LONG_WAY = { 'cache-control': 'only-if-cached' };

type Step =
  | {
      readonly kind: 'get';
      readonly fields: Readonly<Record<string, string>>;
      readonly method: string;
    }
  | { readonly kind: 'pass'; readonly seconds: number }
  | { readonly kind: 'change' | 'purge' | 'post' | 'reload' };

const ranges = fc.oneof(
  fc
    .tuple(fc.nat(LENGTH + 10), fc.nat(LENGTH + 10))
    .map(([a, b]) => `bytes=${String(a)}-${String(b)}`),
  fc.nat(LENGTH + 10).map((a) => `bytes=${String(a)}-`),
  fc.constantFrom(
    'bytes=-5',
    'bytes=0-1,5-9',
    'bytes=0-',
    'bytes=x',
    'items=0-5',
    'BYTES=1-2',
    'bytes=01-02',
  ),
);

const fields = fc
  .record(
    {
      range: ranges,
      'if-none-match': fc.constantFrom('"0"', '"1"', '*'),
      'if-range': fc.constantFrom('"0"', '"1"'),
      connection: fc.constantFrom('close', 'keep-alive'),
      'accept-encoding': fc.constantFrom('gzip', 'identity'),
    },
    { requiredKeys: [] },
  )
  .map((found) => found as Record<string, string>);

/** Plain ones more often: it is they that may take the short way. */
const gets = fc.record({
  kind: fc.constant('get' as const),
  method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD'),
  fields: fc.oneof(
    fc.constant({}),
    ranges.map((range) => ({ range })),
    fields,
  ),
});

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: gets },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      seconds: fc.integer({ min: 1, max: 80 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('change', 'purge', 'post', 'reload').map((kind) => ({ kind })),
  },
);

interface Seen {
  readonly status: number | undefined;
  readonly message: string | undefined;
  /** Names as they were written, in order. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

function ask(agent: http.Agent, url: string, step: Extract<Step, { kind: 'get' }>, more: object) {
  return new Promise<Seen>((resolve, reject) => {
    const headers = { 'x-request-id': 'same', ...step.fields, ...more };
    const request = http.request(
      url + PATH,
      { agent, method: step.method, headers },
      (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.once('end', () => {
          const { statusCode: status, statusMessage: message, rawHeaders } = response;
          resolve({ status, message, rawHeaders, body: Buffer.concat(pieces) });
        });
        response.once('error', reject);
      },
    );
    request.once('error', reject).end();
  });
}

/** By a connection of its own. */
async function askAnew(url: string, step: Extract<Step, { kind: 'get' }>): Promise<Seen> {
  const agent = new http.Agent({ keepAlive: true });
  try {
    return await ask(agent, url, step, {});
  } finally {
    agent.destroy();
  }
}

function setObject(origin: ScriptedOrigin, version: number): void {
  origin.objects.set(PATH, {
    bytes: patternBytes(version, 0, LENGTH),
    etag: `"${String(version)}"`,
    cacheControl: `max-age=${String(MAX_AGE)}`,
    fields: { 'Content-MD5': 'of the whole', 'Content-Digest': 'sha-256=:AAAA:' },
  });
}

/** Waits until what was fetched is stored: until then an answer depends on who is faster. */
async function settled(admin: AdminClient): Promise<void> {
  await admin.until(admin.transfers, (all) =>
    all.every(({ state }) => state.kind === 'done' || state.kind === 'failed'),
  );
}

t.test('hot hits and full lookups give equal answers', { timeout: 200_000 }, async (t) => {
  // It stands still in between, or the two could be asked in different seconds.
  const frozen = Math.floor(Date.now() / 1000) * 1000;
  class SteppedClock extends ShiftedClock {
    passed = 0;
    override readonly now = (): number => frozen + this.passed * 1000;
  }
  const clock = new SteppedClock();
  const origin = await runOrigin(t, {});
  origin.now = clock.now;
  origin.objects.set(UNSTORED, { bytes: Buffer.from('now'), cacheControl: 'no-store' });
  const options = (headers: object): RunningOptions => ({
    clock,
    listen: { hitThreads: 2 },
    origins: [{ name: 'origin', url: origin.url, passMethods: true, headers }],
  });
  const forebay = await startForebay(t, options({}));
  const admin = adminOf(forebay);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => {
    agent.destroy();
  });
  let version = 0;
  let reloads = 0;
  let hits = 0;
  const run = async (step: Step): Promise<void> => {
    switch (step.kind) {
      case 'get': {
        const long = await ask(agent, forebay.url, step, LONG_WAY);
        const short = await ask(agent, forebay.url, step, {});
        const isHit = String(short.rawHeaders).includes('forebay;hit');
        if (long.status === 504) {
          assert.ok(!isHit, 'a hit where nothing stored may answer');
        } else if (!String(long.rawHeaders).includes('multipart/byteranges')) {
          assert.deepStrictEqual(short, long);
          // The hit server looks at new connections alone, once an answer stands.
          assert.deepStrictEqual(await askAnew(forebay.url, step), long);
          hits += 1;
        }
        return settled(admin);
      }
      case 'pass':
        clock.passed += step.seconds;
        // A hit server's own moments are not this clock's: it is to ask again.
        await forebay.get(UNSTORED);
        return;
      case 'change':
        version += 1;
        setObject(origin, version);
        return;
      case 'purge':
        await admin.post('/api/v1/purge', {});
        return;
      case 'post':
        await forebay.get(PATH, { method: 'POST' });
        return;
      case 'reload':
        reloads += 1;
        forebay.reload(options({ 'x-reload': String(reloads) }));
    }
  };
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 40 }), async (all) => {
      await run({ kind: 'change' });
      for (const step of all) await run(step);
    }),
    { numRuns: 40 },
  );
  t.ok(hits > 100, String(hits));
  const answered = await forebay.metric('forebay_hit_server_answers_total');
  t.ok(answered > 0, 'the hit server took part');
});

/**
 * A hub that limits the rate of requests: its own wait and words, and one request per client.
 */
import t, { type Test } from 'tap';
import { startEchoOrigin } from '../fixtures/echo-origin.js';
import { send } from '../fixtures/passing.js';
import { startForebay } from '../fixtures/running.js';

const FILE = '/acme/m/resolve/main/config.json';
const INFO = '/api/models/acme/m/revision/main';
const LISTING = '/api/models/acme/m/paths-info/main';
const WORDS = '{"error":"We had to rate limit you"}';
const BYTES = Buffer.from('{"a":1}');
const BLOB = '98f13ad9a0b7f9b3ec8ba2a1bfea92d3b0b21d0a';

async function start(t: Test) {
  const origin = await startEchoOrigin(t);
  const hub = { name: 'hub', adapter: 'huggingface', url: origin.url };
  const forebay = await startForebay(t, { origins: [hub] });
  const limiting = (fields: Readonly<Record<string, string>>, status = 429) => {
    origin.answer = async (request, response) => {
      await origin.read(request);
      response.writeHead(status, { 'content-length': WORDS.length, ...fields }).end(WORDS);
    };
  };
  const ways = {
    HEAD: () => forebay.get(FILE, { method: 'HEAD' }),
    GET: () => forebay.get(FILE),
    JSON: () => forebay.get(INFO),
    passed: () => forebay.get('/api/whoami-v2'),
    'paths-info': () => send(forebay, 'POST', LISTING, { body: '{}' }),
  };
  return { origin, forebay, limiting, ways: Object.entries(ways) };
}

t.test('a 429 of the hub is forwarded with its wait, and the hub is asked once', async (t) => {
  const { origin, limiting, ways } = await start(t);
  const policy = { 'ratelimit-policy': '"fixed window";"resolvers";q=5000;w=300' };
  const error = { 'x-error-code': 'TooMany', 'x-error-message': 'We had to rate limit you' };
  for (const fields of [
    { ratelimit: '"resolvers";r=0;t=55', ...policy, ...error },
    { 'retry-after': '55' },
    { 'ratelimit-reset': '55' },
    { 'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 55), ...error },
  ]) {
    limiting(fields);
    for (const [way, ask] of ways) {
      const before = origin.received.length;
      const { status, headers } = await ask();
      const what = `${way} ${JSON.stringify(fields)}`;
      t.equal(status, 429, what);
      const wait = Number(headers['retry-after']);
      t.ok(wait > 30 && wait <= 56, `${what}: ${String(wait)}`);
      t.match(headers, fields, what);
      t.equal(origin.received.length - before, 1, what);
    }
  }
});

t.test('a Retry-After date is forwarded unchanged, and a missing one is one second', async (t) => {
  const { origin, limiting, ways } = await start(t);
  const date = new Date(Date.now() + 3_600_000).toUTCString();
  for (const [fields, wait] of [
    [{ 'retry-after': date }, date],
    [{}, '1'],
    [{ 'retry-after': 'soon' }, '1'],
  ] as const) {
    limiting(fields);
    for (const [way, ask] of ways) {
      const before = origin.received.length;
      const { status, headers } = await ask();
      t.equal(status, 429, way);
      t.equal(headers['retry-after'], wait, way);
      t.equal(origin.received.length - before, 1, way);
    }
  }
});

t.test("the hub's error message is forwarded, and its content if it has any", async (t) => {
  const { limiting, ways } = await start(t);
  limiting({ ratelimit: '"api";r=0;t=9', 'content-type': 'application/json' });
  for (const [way, ask] of ways) {
    const { headers, body } = await ask();
    if (way === 'HEAD' || way === 'GET')
      t.match(headers['x-error-message'], 'limits the rate of requests');
    else t.equal(body.toString(), WORDS, way);
  }
});

t.test('a 429 for bytes alone does not stop metadata requests', async (t) => {
  const { origin, forebay, limiting } = await start(t);
  const said = {
    'x-repo-commit': 'c'.repeat(40),
    etag: `"${BLOB}"`,
    'content-length': BYTES.length,
  };
  limiting({ ratelimit: '"resolvers";r=0;t=55', 'x-error-message': 'slow down' });
  const limited = origin.answer;
  origin.answer = async (request, response) => {
    if (request.method !== 'HEAD') return limited(request, response);
    await origin.read(request);
    response.writeHead(200, said).end();
  };
  const { status, headers } = await forebay.get(FILE);
  t.equal(status, 429);
  t.match(headers, {
    'retry-after': '55',
    ratelimit: '"resolvers";r=0;t=55',
    'x-error-message': 'slow down',
  });
  t.strictSame(
    origin.received.map(({ method }) => method),
    ['HEAD', 'GET'],
  );
});

t.test("a limit of one client does not stop other clients' requests", async (t) => {
  const { origin, limiting, forebay } = await start(t);
  limiting({ ratelimit: '"resolvers";r=0;t=55' });
  for (let time = 0; time < 8; time += 1) {
    const { headers } = await forebay.get(`${FILE}.${String(time)}`);
    t.equal(headers['retry-after'], '55');
  }
  t.equal(origin.received.length, 8);
});

t.test('a hub outage with a wait is forwarded with that wait', async (t) => {
  const { limiting, ways } = await start(t);
  limiting({ 'retry-after': '40', 'content-type': 'text/plain' }, 503);
  for (const [way, ask] of ways.filter(([way]) => way !== 'passed').slice(0, 3)) {
    const { status, headers } = await ask();
    t.equal(status, 429, way);
    t.equal(headers['retry-after'], '40', way);
  }
});

/** `POST paths-info`, in front of a hub that answers as the test says. */
import t, { type Test } from 'tap';
import { startEchoOrigin } from '../fixtures/echo-origin.js';
import { send } from '../fixtures/passing.js';
import { startForebay } from '../fixtures/running.js';
import { ShiftedClock } from '../fixtures/shifted-clock.js';

const MAIN = '/api/models/acme/m/paths-info/main';
const COMMIT = `/api/models/acme/m/paths-info/${'c'.repeat(40)}`;
const PATHS = JSON.stringify({ paths: ['a.bin'] });
const TTL_SECONDS = 300;

async function start(t: Test) {
  const origin = await startEchoOrigin(t);
  const hub = { name: 'hub', adapter: 'huggingface', url: origin.url };
  const clock = new ShiftedClock();
  const forebay = await startForebay(t, { origins: [hub], clock });
  origin.answer = async (request, response) => {
    const { path, headers, body } = await origin.read(request);
    const said = { path, of: headers.authorization ?? '', body: body.toString(), xetHash: 'f' };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(said));
  };
  const ask = async (
    path: string,
    { body = PATHS, token = '', type = 'application/json' } = {},
  ) => {
    const headers = { 'content-type': type, ...(token !== '' && { authorization: token }) };
    const {
      status,
      body: text,
      headers: told,
    } = await send(forebay, 'POST', path, { headers, body });
    return { status, text: text.toString(), told };
  };
  return { origin, clock, ask };
}

t.test('paths-info is requested once for each path, content, coding and credential', async (t) => {
  const { origin, ask } = await start(t);
  const first = await ask(MAIN);
  t.same(JSON.parse(first.text), { path: MAIN, of: '', body: PATHS }, 'without Xet');
  const again = await ask(MAIN);
  t.equal(again.text, first.text);
  t.match(again.told['cache-status'], /hit/);
  t.equal(origin.received.length, 1);
  await ask(COMMIT);
  await ask(MAIN, { body: 'paths=a.bin', type: 'application/x-www-form-urlencoded' });
  await ask(MAIN, { body: 'paths=a.bin' });
  const mine = await ask(MAIN, { token: 'Bearer hf_a' });
  t.match(mine.text, 'Bearer hf_a');
  t.equal(origin.received.length, 5);
});

t.test('paths-info is kept as long as a listing of the same revision', async (t) => {
  const { origin, clock, ask } = await start(t);
  const everything = async () => {
    const before = origin.received.length;
    await ask(MAIN);
    await ask(COMMIT);
    await ask(COMMIT, { token: 'Bearer hf_a' });
    return origin.received.slice(before).map(({ path, headers }) => [path, headers.authorization]);
  };
  t.equal((await everything()).length, 3);
  clock.pass(61);
  t.strictSame(await everything(), [[MAIN, undefined]], 'a name');
  clock.pass(TTL_SECONDS);
  t.strictSame(await everything(), [
    [MAIN, undefined],
    [COMMIT, 'Bearer hf_a'],
  ]);
});

t.test('paths-info is stale for a failing hub, not for a refusal or a 429', async (t) => {
  const { origin, clock, ask } = await start(t);
  const { text } = await ask(MAIN);
  clock.pass(61);
  const answering = (status: number) => {
    origin.answer = async (request, response) => {
      await origin.read(request);
      response.writeHead(status, { 'x-error-code': 'Why' }).end();
    };
  };
  answering(503);
  const stale = await ask(MAIN);
  t.equal(stale.text, text);
  t.match(stale.told['cache-status'], 'offline');
  t.equal((await ask(COMMIT)).status, 429, 'nothing is known of this one');
  answering(429);
  t.equal((await ask(MAIN)).status, 429);
  answering(403);
  t.match(await ask(MAIN), { status: 403, told: { 'x-error-code': 'Why' } });
  answering(503);
  t.equal((await ask(MAIN)).status, 429, 'forgotten with the refusal');
});

t.test('paths-info is not served stale to a client refused since', async (t) => {
  const { origin, clock, ask } = await start(t);
  const token = 'Bearer hf_a';
  t.equal((await ask(MAIN, { token })).status, 200);
  t.equal((await ask(MAIN)).status, 200);
  clock.pass(10);
  let status = 401;
  origin.answer = async (request, response) => {
    await origin.read(request);
    response.writeHead(status).end();
  };
  t.equal((await ask(COMMIT, { token })).status, 401);
  status = 503;
  t.equal((await ask(MAIN, { token })).status, 429);
  clock.pass(61);
  t.match(
    (await ask(MAIN)).told['cache-status'],
    'offline',
    'a client that was not refused gets the stale answer',
  );
});

t.test('a truncated paths-info answer is not stored', async (t) => {
  const { origin, clock, ask } = await start(t);
  const { text } = await ask(MAIN);
  clock.pass(61);
  origin.answer = async (request, response) => {
    await origin.read(request);
    response.writeHead(200, { 'content-length': '100' });
    response.write('[');
    setImmediate(() => response.destroy());
  };
  const stale = await ask(MAIN);
  t.equal(stale.text, text);
  t.match(stale.told['cache-status'], 'offline');
  t.equal((await ask(COMMIT)).status, 504);
});

t.test('an invalid paths-info answer is no outage', async (t) => {
  const { origin, ask } = await start(t);
  origin.answer = async (request, response) => {
    await origin.read(request);
    response.end('<html>log in first</html>');
  };
  t.equal((await ask(MAIN)).status, 502);
});

t.test('too many concurrent paths-info requests get a retryable error', async (t) => {
  const { origin, ask } = await start(t);
  const { answer } = origin;
  const held: (() => void)[] = [];
  origin.answer = async (request, response) => {
    await new Promise<void>((resolve) => held.push(resolve));
    await answer(request, response);
  };
  const bodies = Array.from({ length: 33 }, (_, index) => `[${String(index)}]`);
  const asked = bodies.map((body) => ask(MAIN, { body }));
  t.equal((await Promise.race(asked)).status, 429, 'one client has half of the places');
  origin.answer = answer;
  const settle = setInterval(() => {
    for (const go of held.splice(0)) go();
  }, 10);
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  clearInterval(settle);
  t.equal(statuses.filter((status) => status === 200).length, 32);
});

t.test('paths-info follows a renamed repository within the hub', async (t) => {
  const { origin, ask } = await start(t);
  const { answer } = origin;
  let location = MAIN.replace('acme/m', 'acme/renamed');
  origin.answer = async (request, response) => {
    if (request.url !== MAIN) return answer(request, response);
    await origin.read(request);
    response.writeHead(307, { location }).end();
  };
  const found = await ask(MAIN, { token: 'Bearer hf_a' });
  t.same(JSON.parse(found.text), { path: location, of: 'Bearer hf_a', body: PATHS });
  location = 'http://elsewhere.example/x';
  const elsewhere = await ask(MAIN, { body: '{}' });
  t.equal(elsewhere.status, 307);
  t.notOk('location' in elsewhere.told);
  location = MAIN;
  t.equal((await ask(MAIN, { body: '[]' })).status, 307, 'in circles');
});

t.test('a paths-info request with an endless list is refused', async (t) => {
  const { origin, ask } = await start(t);
  t.equal((await ask(MAIN, { body: 'x'.repeat(1024 * 1024 + 1) })).status, 413);
  t.equal(origin.received.length, 0);
  t.equal((await ask(MAIN)).status, 200);
});

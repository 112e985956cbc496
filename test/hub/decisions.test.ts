/** Who is let have a file while the hub is not there, in front of its double. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { Decisions } from '#src/hub/decisions.js';
import { Refusals } from '#src/hub/refusals.js';
import { routeOf } from '#src/hub/route.js';
import { deferred } from '#src/model/deferred.js';
import { emptyHeaders } from '#src/model/headers.js';
import type { ResponseStore } from '#src/model/store.js';
import { startHubDouble } from '../fixtures/hub-double.js';
import { startForebay } from '../fixtures/running.js';
import { startRoom } from '../fixtures/running-room.js';
import { ShiftedClock } from '../fixtures/shifted-clock.js';

const TOKEN = 'hf_reader';
const MINE = { headers: { authorization: `Bearer ${TOKEN}` } };
const FILES = { a: Buffer.from('first\n'), b: Buffer.from('second\n') };
const DAY_SECONDS = 24 * 60 * 60;

async function start(t: Test) {
  const hub = await startHubDouble(t, {
    repositories: [{ id: 'acme/m', files: FILES, access: { kind: 'gated', tokens: [TOKEN] } }],
  });
  const clock = new ShiftedClock();
  const origins = [
    {
      name: 'hub',
      adapter: 'huggingface',
      url: hub.url,
      redirectHosts: [hub.cdnHost],
      allowPrivateRedirects: true,
    },
  ];
  let forebay = await startForebay(t, { origins, clock });
  const restart = async () => {
    await forebay.stop();
    forebay = await startForebay(t, { origins, clock, directory: forebay.directory });
  };
  const commit = hub.repository('models', 'acme/m', TOKEN).head.id;
  const get = async (path: string) => (await forebay.get(path, MINE)).status;
  const status = (revision: string, file: string) => get(`/acme/m/resolve/${revision}/${file}`);
  return { hub, clock, commit, status, get, restart };
}

t.test('a refusal applies to the whole repository, whichever URL names its files', async (t) => {
  const { hub, clock, commit, status, restart } = await start(t);
  for (const file of ['a', 'b']) t.equal(await status('main', file), 200);
  clock.pass(DAY_SECONDS);
  hub.revoke(TOKEN);
  t.not(await status('main', 'a'), 200);
  await hub.stop();
  const seeNothing = async (when: string) => {
    for (const file of ['a', 'b']) {
      t.not(await status('main', file), 200, `main/${file} ${when}`);
      t.not(await status(commit, file), 200, `commit/${file} ${when}`);
    }
  };
  await seeNothing('at once');
  await restart();
  await seeNothing('after a restart');
});

t.test('a refusal of a new file, or of JSON, applies to the repository', async (t) => {
  for (const path of ['/acme/m/resolve/main/b', '/api/models/acme/m/revision/main']) {
    const { hub, clock, commit, status, get, restart } = await start(t);
    t.equal(await status('main', 'a'), 200);
    clock.pass(DAY_SECONDS);
    hub.revoke(TOKEN);
    t.not(await get(path), 200, path);
    await hub.stop();
    t.not(await status(commit, 'a'), 200, 'at once');
    await restart();
    t.not(await status(commit, 'a'), 200, 'after a restart');
  }
});

t.test('a refusal applies at once, however fresh the earlier permission is', async (t) => {
  const { hub, clock, commit, status, get } = await start(t);
  for (const file of ['a', 'b']) t.equal(await status('main', file), 200);
  clock.pass(1);
  hub.revoke(TOKEN);
  t.equal(await status(commit, 'b'), 200, 'within the time for which a decision counts');
  t.not(await get('/acme/m/resolve/main/never-asked-for'), 200);
  for (const file of ['a', 'b']) t.not(await status(commit, file), 200, file);
});

t.test('a client that is permitted again after a refusal gets its files', async (t) => {
  const { hub, clock, status, restart } = await start(t);
  t.equal(await status('main', 'a'), 200);
  clock.pass(DAY_SECONDS);
  hub.revoke(TOKEN);
  t.not(await status('main', 'a'), 200);
  hub.tokens.add(TOKEN);
  hub.repository('models', 'acme/m', TOKEN).readers.add(TOKEN);
  clock.pass(1);
  t.equal(await status('main', 'a'), 200);
  await hub.stop();
  clock.pass(DAY_SECONDS);
  await restart();
  t.equal(await status('main', 'a'), 200);
});

t.test('a 404 of one file is no refusal of the repository; a 429 is no outage', async (t) => {
  const { hub, clock, commit, status } = await start(t);
  t.equal(await status('main', 'a'), 200);
  clock.pass(DAY_SECONDS);
  t.equal(await status('main', 'none'), 404);
  t.equal(await status('nowhere', 'a'), 404);
  hub.fail('hub', 429, 100);
  t.equal(await status('main', 'a'), 429);
  await hub.stop();
  t.equal(await status(commit, 'a'), 200);
});

const COMMIT = 'c'.repeat(40);

/** A hub that answers each HEAD as `answer` says, and the decisions of a mirror of it. */
async function room(
  t: Test,
  answer: (path: string, response: ServerResponse) => Promise<void> | void,
  wrap: (responses: ResponseStore) => ResponseStore = (responses) => responses,
) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    void answer(request.url ?? '', response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const clock = new ShiftedClock();
  const { services: all, upstream } = await startRoom(t, { upstream: { url }, clock });
  const services = { ...all, responses: wrap(all.responses) };
  const policy = { authorizationTtlMs: 60_000, offline: true, serverToken: null };
  const decisions = new Decisions(services, () => policy, new Refusals(services));
  const who = { key: 'somebody', headers: emptyHeaders() };
  const decide = (target: string) => {
    const route = routeOf(target);
    if (route.kind !== 'resolve') throw new Error(target);
    return decisions.decide({ upstream, route, who, client: 'a' });
  };
  return { asked, clock, services, decide };
}

function grantTo(response: ServerResponse): void {
  const headers = { etag: `"${'1'.repeat(64)}"`, 'x-repo-commit': COMMIT, 'content-length': '5' };
  response.writeHead(200, headers).end();
}

function refuseTo(response: ServerResponse): void {
  response.writeHead(403, { 'x-error-code': 'GatedRepo' }).end();
}

t.test('a slow 200 does not override a later refusal', async (t) => {
  const [reached, release] = [deferred<undefined>(), deferred<undefined>()];
  let isRefused = false;
  const { asked, decide } = await room(t, async (path, response) => {
    if (isRefused || path.endsWith('/other')) {
      refuseTo(response);
      return;
    }
    reached.resolve(undefined);
    await release.promise;
    grantTo(response);
  });
  const slow = decide('/acme/m/resolve/main/slow');
  await reached.promise;
  isRefused = true;
  t.match(await decide('/acme/m/resolve/main/other'), { kind: 'refused' });
  release.resolve(undefined);
  t.match(await slow, { kind: 'refused' }, 'it was asked for once more');
  t.equal(asked.length, 3);
  t.match(await decide('/acme/m/resolve/main/slow'), { kind: 'refused' });
});

t.test('a slow refusal does not override a later permission', async (t) => {
  const [reached, release] = [deferred<undefined>(), deferred<undefined>()];
  const { asked, decide } = await room(t, async (path, response) => {
    if (!path.endsWith('/slow')) {
      grantTo(response);
      return;
    }
    reached.resolve(undefined);
    await release.promise;
    refuseTo(response);
  });
  const slow = decide('/acme/m/resolve/main/slow');
  await reached.promise;
  t.match(await decide('/acme/m/resolve/main/a'), { kind: 'granted' });
  release.resolve(undefined);
  t.match(await slow, { kind: 'refused' });
  t.match(await decide('/acme/m/resolve/main/a'), { kind: 'granted' });
  t.equal(asked.length, 2);
});

t.test('after a clock step back permissions from before a refusal stay void', async (t) => {
  let isRefused = false;
  const { clock, decide } = await room(t, (_path, response) => {
    if (isRefused) refuseTo(response);
    else grantTo(response);
  });
  t.match(await decide('/acme/m/resolve/main/a'), { kind: 'granted' });
  isRefused = true;
  clock.pass(-3600);
  t.match(await decide('/acme/m/resolve/main/b'), { kind: 'refused' });
  clock.pass(3600);
  t.match(await decide('/acme/m/resolve/main/a'), { kind: 'refused' });
});

t.test('a decision that is pending during a purge is not stored', async (t) => {
  const [reached, release] = [deferred<undefined>(), deferred<undefined>()];
  const { asked, services, decide } = await room(t, async (_path, response) => {
    reached.resolve(undefined);
    await release.promise;
    grantTo(response);
  });
  const under = decide('/acme/m/resolve/main/a');
  await reached.promise;
  services.purges.begin(({ uri }) => uri.includes('/acme/'));
  release.resolve(undefined);
  t.match(await under, { kind: 'granted' });
  t.match(await decide('/acme/m/resolve/main/a'), { kind: 'granted' });
  t.equal(asked.length, 2, 'it was asked for anew');
  await decide('/acme/m/resolve/main/a');
  t.equal(asked.length, 2, 'and that is kept');
});

t.test("a slow lookup during another client's question sends no second one", async (t) => {
  const [slow, looked] = [deferred<undefined>(), deferred<undefined>()];
  let isNext = false;
  const { asked, decide } = await room(
    t,
    (_path, response) => {
      grantTo(response);
    },
    (responses) => ({
      count: 0,
      hot: (key) => responses.hot(key),
      peek: (key) => responses.peek(key),
      update: (key, change) => responses.update(key, change),
      settled: () => responses.settled(),
      delete: (key) => responses.delete(key),
      entries: () => responses.entries(),
      get: async (key) => {
        const found = await responses.get(key);
        const isSlow = isNext;
        isNext = false;
        if (isSlow) {
          looked.resolve(undefined);
          await slow.promise;
        }
        return found;
      },
    }),
  );
  isNext = true;
  const late = decide('/acme/m/resolve/main/a');
  await looked.promise;
  t.match(await decide('/acme/m/resolve/main/a'), { kind: 'granted' });
  slow.resolve(undefined);
  t.match(await late, { kind: 'granted' });
  t.equal(asked.length, 1);
});

t.test('a refusal applies to every spelling and to a renamed repository', async (t) => {
  let isRefused = false;
  const { decide } = await room(t, (path, response) => {
    const renamed = /^\/old\/m(\/.*)$/.exec(path)?.[1];
    if (renamed !== undefined) response.writeHead(307, { location: `/acme/m${renamed}` }).end();
    else if (isRefused) refuseTo(response);
    else grantTo(response);
  });
  const spellings = ['/acme/m', '/Acme/M', '/acme/%6D', '/old/m'];
  for (const name of spellings) {
    // A rename on the way is no word on how the hub keeps the file.
    const stored = { status: 200 };
    t.match(await decide(`${name}/resolve/main/a`), { kind: 'granted', stored }, name);
  }
  isRefused = true;
  t.match(await decide('/ACME/m/resolve/main/never-asked-for'), { kind: 'refused' });
  for (const name of spellings) {
    t.match(await decide(`${name}/resolve/main/a`), { kind: 'refused' }, name);
  }
});

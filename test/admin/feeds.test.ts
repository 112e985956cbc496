import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { type FeedLook, Feeds, MAX_LISTENERS, MAX_UNREAD_BYTES } from '#src/admin/feeds.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import { eventually } from '../fixtures/store-eventually.js';

async function start(t: Test, look: () => FeedLook) {
  const clock = new ManualClock();
  const feeds = new Feeds(clock);
  const responses: ServerResponse[] = [];
  const server = createServer((_request, response) => {
    responses.push(response);
    if (!feeds.join('key', 'news', look, response)) response.writeHead(503).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  t.teardown(() => {
    feeds.close();
    server.closeAllConnections();
    server.close();
  });
  const listen = (): Promise<{ response: IncomingMessage; text: () => string }> =>
    new Promise((resolve, reject) => {
      get({ port, host: '127.0.0.1', agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        response.on('error', () => undefined);
        resolve({ response, text: () => text });
      }).on('error', reject);
    });
  return { clock, responses, listen };
}

t.test('a feed sends each event once, and polls only while it has listeners', async (t) => {
  let data = 1;
  let looks = 0;
  const { clock, listen } = await start(t, () => {
    looks += 1;
    return { data, signature: String(data), last: false };
  });
  const one = await listen();
  t.match(one.response.headers, { 'content-type': 'text/event-stream' });
  t.ok(await eventually(() => one.text() === 'event: news\ndata: 1\n\n'));
  clock.advance(500);
  data = 2;
  clock.advance(500);
  clock.advance(14_500);
  clock.advance(500);
  const expected = 'event: news\ndata: 1\n\nevent: news\ndata: 2\n\n: nothing new\n\n';
  t.ok(await eventually(() => one.text() === expected));
  one.response.destroy();
  t.ok(await eventually(() => clock.pendingTimers === 0));
  const before = looks;
  clock.advance(10_000);
  t.equal(looks, before);
});

t.test('a feed ends its streams after the last event', async (t) => {
  let last = false;
  const { clock, listen } = await start(t, () => ({ data: last, signature: 'same', last }));
  const one = await listen();
  let ended = false;
  one.response.on('end', () => (ended = true));
  last = true;
  clock.advance(500);
  t.ok(await eventually(() => ended));
  t.match(one.text(), /data: true/);
  t.equal(clock.pendingTimers, 0);
});

t.test('a feed refuses listeners beyond its bound and cuts one that does not read', async (t) => {
  let size = 10;
  const { clock, listen, responses } = await start(t, () => {
    size += 1;
    return { data: 'x'.repeat(size), signature: String(size), last: false };
  });
  const all = await Promise.all(Array.from({ length: MAX_LISTENERS }, listen));
  const refused = await listen();
  t.equal(refused.response.statusCode, 503);
  const slow = all[0];
  slow?.response.pause();
  const [first] = responses;
  // As if the socket took nothing: what is written stays with us.
  first?.socket?.cork();
  size = MAX_UNREAD_BYTES + 1;
  clock.advance(500);
  t.equal(first?.destroyed, true);
  t.equal(responses.filter(({ destroyed }) => destroyed).length >= 1, true);
  t.equal((await listen()).response.statusCode, 200, 'its place is free');
});

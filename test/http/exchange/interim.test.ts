import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { interimTo, MAX_INTERIM } from '#src/http/exchange/interim.js';
import type { OriginHead } from '#src/model/fetch.js';
import { toHeaderMap } from '#src/model/headers.js';
import { connectRaw } from '../../fixtures/program-raw.js';

type Take = (head: OriginHead) => void;

/** All that a client of `version` gets, where `run` is given what takes interim responses. */
async function answered(
  t: Test,
  version: string,
  run: (take: Take, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    run(interimTo(request, response), response);
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const client = await connectRaw(t, `http://127.0.0.1:${String(port)}`);
  client.send(`GET / HTTP/${version}\r\nHost: a\r\nConnection: close\r\n\r\n`);
  return (await client.rest()).toString('latin1');
}

const head = (status: number, fields: Readonly<Record<string, string>> = {}): OriginHead => ({
  status,
  headers: toHeaderMap(fields),
  contentLength: null,
});

t.test('an interim response is sent before the answer, with its end-to-end fields', async (t) => {
  const text = await answered(t, '1.1', (take) => {
    take(head(102));
    const more = { connection: 'x-hop', 'x-hop': '1', 'keep-alive': 'x', 'set-cookie': 'a=b' };
    take(head(103, { link: '</a>; rel=preload', 'content-length': '5', ...more }));
  });
  t.match(
    text,
    /^HTTP\/1.1 102 Processing\r\n\r\nHTTP\/1.1 103 Early Hints\r\nlink: <\/a>; rel=preload\r\n\r\nHTTP\/1.1 200 OK\r\n/,
  );
});

t.test('no interim response to HTTP/1.0, of another status, or after a head', async (t) => {
  t.match(
    await answered(t, '1.0', (take) => {
      take(head(103));
    }),
    /^HTTP\/1.1 200 OK\r\n/,
  );
  const text = await answered(t, '1.1', (take, response) => {
    for (const status of [100, 101, 200]) take(head(status));
    response.writeHead(204);
    response.flushHeaders();
    take(head(103));
  });
  t.equal(text.match(/HTTP\/1.1/g)?.length, 1);
});

t.test('interim responses are bounded for one request', async (t) => {
  const text = await answered(t, '1.1', (take) => {
    for (let sent = 0; sent < 2 * MAX_INTERIM; sent += 1) take(head(103));
  });
  const sent = text.match(/HTTP\/1.1 103/g)?.length ?? 0;
  t.ok(sent > 0 && sent <= MAX_INTERIM, String(sent));
});

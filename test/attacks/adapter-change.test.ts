/**
 * An origin becomes a hub's mirror, or stops being one, by a reload: what was stored as the one is
 * nothing to the other, neither a permission nor a response, though the URLs are the same.
 */
import http, { type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { sha256 } from '../fixtures/program-client.js';
import { startForebay } from '../fixtures/running.js';

const SECRET = Buffer.from('GATED WEIGHTS '.repeat(1000));
const FILE = '/acme/gated/resolve/main/model.bin';
const JSON_PATH = '/api/models/acme/gated/revision/main';
const MINE = { headers: { authorization: 'Bearer A' } };

/** Gives file and JSON to those with the token, and lets everything be stored for a minute. */
async function start(t: Test, first: 'http' | 'huggingface') {
  const fields = {
    etag: `"${sha256(SECRET)}"`,
    'x-repo-commit': 'c'.repeat(40),
    'content-length': SECRET.length,
    'cache-control': 'public, max-age=60',
  };
  const send = (response: ServerResponse, isHead: boolean, body: Buffer): void => {
    response.writeHead(200, { ...fields, 'content-length': body.length });
    response.end(isHead ? undefined : body);
  };
  const server = http.createServer((request, response) => {
    if (request.headers.authorization !== MINE.headers.authorization) {
      response.writeHead(401, { 'x-error-code': 'GatedRepo', 'content-length': 0 }).end();
      return;
    }
    const isJson = request.url === JSON_PATH;
    send(response, request.method === 'HEAD', isJson ? Buffer.from('{"secret":1}') : SECRET);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  // An operator may let everybody read a plain origin by credentials of their own.
  const configured = (adapter: string) => [
    { name: 'weights', url, adapter, ...(adapter === 'http' && { headers: MINE.headers }) },
  ];
  const forebay = await startForebay(t, { origins: configured(first) });
  const become = (adapter: string) => forebay.reload({ origins: configured(adapter) });
  const stop = () => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
  };
  return { forebay, become, stop };
}

t.test('a response stored for a plain origin grants no access as a hub', async (t) => {
  const { forebay, become, stop } = await start(t, 'http');
  t.ok((await forebay.get(FILE)).body.equals(SECRET));
  t.equal((await forebay.get(JSON_PATH)).status, 200);
  t.match(become('huggingface'), { kind: 'applied' });
  for (const path of [FILE, JSON_PATH]) t.equal((await forebay.get(path)).status, 401, path);
  await stop();
  const other = { headers: { authorization: 'Bearer OTHER' } };
  for (const options of [{}, other]) {
    for (const path of [FILE, JSON_PATH]) {
      t.equal((await forebay.get(path, options)).status, 504, path);
    }
  }
});

t.test('a hub response stored for one client is not served once the adapter is http', async (t) => {
  const { forebay, become, stop } = await start(t, 'huggingface');
  t.ok((await forebay.get(FILE, MINE)).body.equals(SECRET));
  t.equal((await forebay.get(JSON_PATH, MINE)).status, 200);
  t.match(become('http'), { kind: 'applied' });
  await stop();
  for (const path of [FILE, JSON_PATH]) {
    const { status, body } = await forebay.get(path);
    t.equal(status, 502, path);
    t.notOk(body.includes('GATED') || body.includes('secret'));
  }
});

t.test("an origin that changes its adapter repeatedly serves each adapter's own", async (t) => {
  const { forebay, become } = await start(t, 'http');
  for (const adapter of ['http', 'huggingface', 'http', 'huggingface']) {
    become(adapter);
    const options = adapter === 'http' ? {} : MINE;
    t.match((await forebay.get(JSON_PATH, options)).body.toString(), 'secret', adapter);
  }
  t.equal((await forebay.get(JSON_PATH)).status, 401);
});

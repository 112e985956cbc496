/** Reads that the mirror knows nothing of, in front of an origin that answers as the test says. */
import t, { type Test } from 'tap';
import { startEchoOrigin } from '../fixtures/echo-origin.js';
import { startForebay } from '../fixtures/running.js';

const INFO = '/api/models/acme/m/revision/main';
const UNKNOWN = '/api/collections/acme/list/of/models';

async function start(t: Test) {
  const origin = await startEchoOrigin(t);
  const hub = { name: 'hub', adapter: 'huggingface', url: origin.url };
  return { origin, forebay: await startForebay(t, { origins: [hub] }) };
}

t.test('a read that is passed on changes nothing that is stored', async (t) => {
  const { origin, forebay } = await start(t);
  let state = 'old';
  origin.answer = async (request, response) => {
    const { path } = await origin.read(request);
    if (path === UNKNOWN) response.setHeader('content-location', INFO);
    response.end(JSON.stringify({ state }));
  };
  const info = async () => (await forebay.get(INFO)).body.toString();
  t.equal(await info(), '{"state":"old"}');
  state = 'new';
  for (const method of ['GET', 'HEAD']) {
    t.equal((await forebay.get(UNKNOWN, { method })).status, 200);
    t.equal(await info(), '{"state":"old"}', method);
  }
});

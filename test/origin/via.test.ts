import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import http from 'node:http';
import { once } from 'node:events';
import t from 'tap';
import { looped, viaNames } from '#src/origin/via.js';
import { toHeaderMap } from '#src/model/headers.js';
import { readWhole, startForebay } from '../fixtures/running.js';

t.test('a Via member of this process is recognised', (t) => {
  const names = (via: string): boolean => viaNames(toHeaderMap({ via }), 'me-1');
  t.ok(names('1.1 me-1'));
  t.ok(names('1.0 other, 1.1 me-1 (comment)'));
  t.ok(names('HTTP/1.1\tme-1'));
  t.notOk(names('1.1 me-12'));
  t.notOk(names('1.1 other (1.1 me-1)'));
  t.notOk(viaNames(toHeaderMap({}), 'me-1'));
  t.match(looped(), { code: 'origin-loop', retryable: false });
  t.end();
});

t.test('an origin that is Forebay itself gets one round and a clear error', async (t) => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  const url = `http://127.0.0.1:${String(port)}`;
  const forebay = await startForebay(t, {
    listen: { address: `127.0.0.1:${String(port)}` },
    origins: [{ url, passMethods: true }],
  });
  const got = await forebay.get('/a');
  t.equal(got.status, 508, 'the status of the second round');
  const request = http.request(`${url}/a`, { method: 'POST', agent: false }).end();
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  t.equal((await readWhole(response)).status, 508);
  t.ok((await forebay.metric('forebay_requests_total')) <= 12, 'and not many more');
});

/** The Location that clients of a registry want beside a blob. */
import t from 'tap';
import { withBlobLocation } from '#src/cache/rfc9111/registry-blob.js';
import { toHeaderMap } from '#src/model/headers.js';
import { startEchoOrigin } from '../../fixtures/echo-origin.js';
import { startForebay } from '../../fixtures/running.js';

const BLOB = `sha256:${'a'.repeat(64)}`;
const URI = `https://registry.example/v2/library/tiny/blobs/${BLOB}`;

t.test('withBlobLocation adds Location to a 200 for a blob alone', async (t) => {
  const location = (uri: string, status = 200, fields = {}) =>
    withBlobLocation(uri, status, toHeaderMap(fields))['location'];
  t.equal(location(URI), `./${BLOB}`);
  t.equal(new URL(`./${BLOB}`, URI).href, URI, 'it names itself');
  t.equal(location(`https://host/mirror/v2/a/blobs/${BLOB}?ns=x`), `./${BLOB}`);
  t.equal(location(URI, 200, { location: '/own' }), '/own');
  for (const status of [206, 404, 307]) t.equal(location(URI, status), undefined);
  for (const uri of [
    'https://host/v2/a/manifests/latest',
    `https://host/v2/a/blobs/${BLOB}0`,
    `https://host/v2/a/blobs/uploads/${BLOB}`,
    `https://host/v1/a/blobs/${BLOB}`,
  ]) {
    t.equal(location(uri), undefined, uri);
  }
});

t.test('a blob response has its Location at each mount, however it is sent', async (t) => {
  const origin = await startEchoOrigin(t);
  const bytes = Buffer.alloc(2000, 'b');
  origin.answer = async (request, response) => {
    await origin.read(request);
    response.writeHead(200, {
      'content-length': bytes.length,
      etag: '"b"',
      'cache-control': 'max-age=60',
    });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  };
  const origins = [{ name: 'registry', mount: '/registry', url: origin.url }];
  const forebay = await startForebay(t, { origins });
  const path = `/registry/v2/library/tiny/blobs/${BLOB}`;
  for (const options of [{}, {}, {}, { method: 'HEAD' }, { headers: { range: 'bytes=0-9' } }]) {
    const { headers } = await forebay.get(path, options);
    const location = new URL(String(headers.location), forebay.url + path);
    t.equal(location.href, forebay.url + path);
  }
  t.ok((await forebay.get(path)).body.equals(bytes));
  t.equal(origin.received.length, 1);
});

import t from 'tap';
import { toHeaderMap } from '#src/model/headers.js';
import { forwardedFields, passedFields } from '#src/origin/forward.js';

const REQUEST = toHeaderMap({
  accept: '*/*',
  authorization: 'Bearer a',
  cookie: ['x=1', 'y=2'],
  connection: 'close, X-Hop, authorization, range',
  'x-hop': '1',
  'x-end': '2',
  host: 'front.example',
  range: 'bytes=0-1',
  'if-range': '"a"',
  'if-none-match': '"a"',
  'accept-encoding': 'gzip',
  'transfer-encoding': 'chunked',
  te: 'trailers',
  via: '1.1 somebody',
  upgrade: 'websocket',
  'proxy-authorization': 'secret',
  'cache-control': 'no-cache',
});

t.test("a whole fetch has the client's end-to-end fields and none of Forebay's", async (t) => {
  t.same(
    { ...forwardedFields(REQUEST) },
    {
      accept: '*/*',
      authorization: 'Bearer a',
      cookie: 'x=1, y=2',
      'x-end': '2',
      'cache-control': 'no-cache',
    },
  );
});

t.test('every fetch has the traceparent that it belongs to', async (t) => {
  const trace = { traceparent: '00-a-b-01', tracestate: 'x=1' };
  const request = toHeaderMap({ ...trace, 'user-agent': 'u' });
  t.same({ ...forwardedFields(request) }, { ...trace, 'user-agent': 'u' });
});

t.test('a Connection field cannot strip credentials nor inject a prototype name', async (t) => {
  const fields = forwardedFields(toHeaderMap({ connection: 'cookie', cookie: 'a' }));
  t.equal(fields['cookie'], 'a');
  t.equal(Object.getPrototypeOf(fields), null);
});

t.test('overriding fields are never forwarded, even if Vary names them', async (t) => {
  const overriding = toHeaderMap({
    'x-original-url': '/b',
    'x-http-method-override': 'PUT',
    a: '1',
  });
  t.same({ ...forwardedFields(overriding) }, { a: '1' });
});

t.test('a forwarded request keeps every end-to-end field', async (t) => {
  t.same(
    { ...passedFields('PUT', REQUEST, '1.1 me') },
    {
      accept: '*/*',
      authorization: 'Bearer a',
      cookie: 'x=1, y=2',
      'x-end': '2',
      'if-range': '"a"',
      'if-none-match': '"a"',
      'accept-encoding': 'gzip',
      'cache-control': 'no-cache',
      via: '1.1 somebody, 1.1 me',
    },
  );
  t.equal(passedFields('PUT', toHeaderMap({}), '1.1 me')['via'], '1.1 me');
});

t.test('Max-Forwards is decremented for OPTIONS alone', async (t) => {
  const forwards = (method: string, value: string) =>
    passedFields(method, toHeaderMap({ 'max-forwards': value }), 'v')['max-forwards'];
  t.equal(forwards('OPTIONS', '10'), '9');
  t.equal(forwards('OPTIONS', 'x'), 'x');
  t.equal(forwards('POST', '10'), '10');
});

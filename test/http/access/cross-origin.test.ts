import t from 'tap';
import { crossOrigin, plainFields, type Shared, withCors } from '#src/http/access/cross-origin.js';
import { toHeaderMap } from '#src/model/headers.js';

const PAGE = 'https://app.example';
const OPEN: Shared = { cors: ['*'], isLent: false, isHub: true };
const CLOSED: Shared = { cors: [], isLent: false, isHub: false };
const LENT: Shared = { cors: ['*', PAGE], isLent: true, isHub: true };

function judge(shared: Shared, fields: Readonly<Record<string, string>>, method = 'GET') {
  return crossOrigin(method, toHeaderMap({ host: 'forebay:7080', ...fields }), shared);
}

t.test('a page may read a mount open to all, with the fields clients need', async (t) => {
  const got = judge(OPEN, { origin: PAGE });
  t.match(got, {
    kind: 'admitted',
    fields: { 'access-control-allow-origin': '*', vary: 'Origin' },
  });
  const exposed = got.kind === 'admitted' ? got.fields['access-control-expose-headers'] : '';
  for (const name of ['etag', 'x-repo-commit', 'content-range', 'x-linked-size', 'link']) {
    t.ok(String(exposed).split(', ').includes(name), name);
  }
});

t.test('a request without Origin gets Vary: Origin alone', async (t) => {
  t.same(judge(OPEN, {}), { kind: 'admitted', fields: { vary: 'Origin' } });
  t.same({ ...plainFields(OPEN) }, { vary: 'Origin' });
  t.same({ ...plainFields(CLOSED) }, {});
});

t.test('a mount that is open to no page answers without CORS fields', async (t) => {
  t.same(judge(CLOSED, { origin: PAGE }), { kind: 'admitted', fields: {} });
  const preflight = { origin: PAGE, 'access-control-request-method': 'GET' };
  t.equal(judge(CLOSED, preflight, 'OPTIONS').kind, 'admitted', 'it is no preflight of ours');
});

t.test('a configured page gets its own origin in Access-Control-Allow-Origin', async (t) => {
  const named = { ...CLOSED, cors: [PAGE] };
  const fields = { 'access-control-allow-origin': PAGE, vary: 'Origin' };
  t.match(judge(named, { origin: PAGE }), { fields });
  t.same(judge(named, { origin: 'https://app.example.evil.example' }), {
    kind: 'admitted',
    fields: { vary: 'Origin' },
  });
  t.same(judge(named, { origin: 'null' }), { kind: 'admitted', fields: { vary: 'Origin' } });
});

t.test('a preflight allows the requested fields if they are valid names', async (t) => {
  const asking = (headers: string) =>
    judge(
      OPEN,
      {
        origin: PAGE,
        'access-control-request-method': 'GET',
        'access-control-request-headers': headers,
      },
      'OPTIONS',
    );
  t.match(asking('range,authorization'), {
    kind: 'preflight',
    fields: {
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, HEAD, POST',
      'access-control-allow-headers': 'range,authorization',
      'access-control-max-age': '7200',
    },
  });
  for (const odd of ['range\r\nx: y', 'a;b', 'a'.repeat(2000)]) {
    const got = asking(odd);
    t.equal(got.kind, 'preflight');
    t.notOk('fields' in got && 'access-control-allow-headers' in got.fields, odd.slice(0, 20));
  }
  t.equal(judge(OPEN, { origin: PAGE }, 'OPTIONS').kind, 'admitted', 'no preflight');
});

t.test('where credentials are lent, pages of other sites are refused', async (t) => {
  for (const fields of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://forebay:9999' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'Cross-Site', origin: 'http://forebay:7080' },
  ]) {
    t.same(judge(LENT, fields), { kind: 'refused' }, JSON.stringify(fields));
  }
  const preflight = { origin: 'https://evil.example', 'access-control-request-method': 'GET' };
  t.same(judge(LENT, preflight, 'OPTIONS'), { kind: 'refused' });
});

t.test("where credentials are lent, configured pages and Forebay's own are admitted", async (t) => {
  t.match(judge(LENT, { origin: PAGE, 'sec-fetch-site': 'cross-site' }), {
    kind: 'admitted',
    fields: { 'access-control-allow-origin': PAGE },
  });
  for (const fields of [
    {},
    { origin: 'http://forebay:7080' },
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
  ]) {
    const got = judge(LENT, fields);
    t.equal(got.kind, 'admitted', JSON.stringify(fields));
    t.notOk('fields' in got && 'access-control-allow-origin' in got.fields, '`*` names no page');
  }
});

t.test('CORS fields replace those of the origin, and Vary is joined', async (t) => {
  const fields = toHeaderMap({ 'access-control-allow-origin': '*', vary: 'Origin' });
  const answer = toHeaderMap({ etag: '"a"', 'access-control-allow-origin': 'https://hub.example' });
  t.same({ ...withCors(answer, fields) }, { etag: '"a"', ...fields });
  const vary = (before: string) => withCors(toHeaderMap({ vary: before }), fields)['vary'];
  t.equal(vary('Accept'), 'Accept, Origin');
  t.equal(vary('accept, ORIGIN'), 'accept, ORIGIN');
  t.equal(vary('*'), '*');
  const none = toHeaderMap({});
  t.equal(withCors(answer, none), answer, 'nothing to add');
});

import t from 'tap';
import { judge } from '#src/cache/rfc9111/judge.js';
import { toHeaderMap } from '#src/model/headers.js';

const ASKED = { start: 100, end: 200 };
const ETAG = { etag: '"a"' };

function judgeHead(
  status: number,
  headers: Record<string, string>,
  context: { start: number; end: number } | null = ASKED,
) {
  const length = headers['content-length'];
  const contentLength = length === undefined ? null : Number(length);
  return judge({ status, headers: toHeaderMap(headers), contentLength }, context);
}

t.test('judgeHead: a 206 for the requested range is partial', async (t) => {
  const range = { 'content-range': 'bytes 100-199/1000' };
  t.match(judgeHead(206, { ...range, ...ETAG }), {
    kind: 'partial',
    range: { start: 100, end: 200 },
    completeLength: 1000,
  });
  t.match(judgeHead(206, { 'content-range': 'bytes 100-149/1000', ...ETAG }), {
    kind: 'partial',
    range: { start: 100, end: 150 },
  });
  t.match(judgeHead(206, { ...range, ...ETAG }, null), { kind: 'nonsense' });
});

t.test('judgeHead: a 206 that cannot be joined leads to a request for the whole', async (t) => {
  const range = { 'content-range': 'bytes 100-199/1000' };
  t.match(judgeHead(206, range), { kind: 'ask-whole' }, 'no validator');
  t.match(judgeHead(206, { ...range, etag: 'W/"a"' }), { kind: 'ask-whole' }, 'a weak one');
  t.match(judgeHead(206, { 'content-range': 'bytes 100-199/*', ...ETAG }), { kind: 'ask-whole' });
  const all = { 'content-range': 'bytes 0-49/50' };
  t.match(judgeHead(206, all, { start: 0, end: 200 }), { kind: 'partial' }, 'the whole needs none');
});

t.test('judgeHead: a 206 of another range is ignored, and the whole is requested', async (t) => {
  const odd = { kind: 'ask-whole', odd: true };
  for (const range of ['bytes 0-99/1000', 'bytes 100-300/1000', 'bytes 100-199/150', 'x', '']) {
    t.same(judgeHead(206, { 'content-range': range, ...ETAG }), odd, range);
  }
  t.same(judgeHead(206, ETAG), odd, 'no Content-Range');
});

t.test('judgeHead: a 206 of a coded representation belongs to that representation', async (t) => {
  const coded = { 'content-range': 'bytes 100-199/1000', 'content-encoding': 'gzip', ...ETAG };
  t.match(judgeHead(206, coded), { kind: 'partial', completeLength: 1000 });
});

t.test('judgeHead: a 416 without a length leads to a request for the whole', async (t) => {
  const empty = { 'content-range': 'bytes */1000' };
  t.same(judgeHead(416, empty), { kind: 'unsatisfiable', completeLength: 1000 });
  t.match(
    judgeHead(416, {}),
    { kind: 'ask-whole' },
    'a 416 without a length carries no information',
  );
  t.match(judgeHead(416, { 'content-range': 'bytes */0' }, { start: 0, end: 1 }), {
    kind: 'ask-whole',
  });
  t.match(judgeHead(416, empty, null), { kind: 'whole' }, 'an answer like any other');
});

t.test('judgeHead: redirects need Location, other statuses are whole answers', async (t) => {
  for (const status of [301, 302, 303, 307, 308]) {
    t.match(judgeHead(status, { location: '/b' }), { kind: 'redirect' });
    t.match(judgeHead(status, {}), { kind: 'whole' }, 'leads nowhere');
  }
  t.match(judgeHead(300, { location: '/b' }), { kind: 'whole' });
  for (const status of [400, 501]) {
    t.match(judgeHead(status, {}), { kind: 'ask-whole' }, 'the Range may be to blame');
    t.match(judgeHead(status, {}, null), { kind: 'whole' });
    t.match(judgeHead(status, ETAG), { kind: 'whole' }, 'made with care');
  }
  t.match(judgeHead(304, {}), { kind: 'not-modified' });
  t.match(judgeHead(401, {}), { kind: 'denied' });
  t.match(judgeHead(403, {}), { kind: 'denied' });
  t.same(judgeHead(200, { 'content-length': '7' }), { kind: 'whole', lengthBytes: 7 });
  t.same(judgeHead(200, {}), { kind: 'whole', lengthBytes: null });
  t.same(judgeHead(404, { 'content-length': '7' }), { kind: 'whole', lengthBytes: 7 });
  t.same(judgeHead(503, {}), { kind: 'whole', lengthBytes: null });
});

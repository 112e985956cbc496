/** Heads and what they mean for a first contact. */
import t from 'tap';
import { toHeaderMap } from '#src/model/headers.js';
import { judgeOpenHead } from '#src/worker/open-verdict.js';

const ASKED = { start: 100, end: 200 };

function judge(
  status: number,
  headers: Record<string, string> = {},
  range: typeof ASKED | null = ASKED,
) {
  const head = { status, headers: toHeaderMap(headers), contentLength: null };
  return judgeOpenHead(head, range, 0);
}

void t.test('redirects, 304 and 416 are head-only, retryable failures busy', (t) => {
  for (const status of [301, 302, 303, 307, 308]) {
    t.equal(judge(status, { location: '/b' }).kind, 'head-only', String(status));
    t.equal(judge(status).kind, 'stream', `${String(status)} that leads nowhere`);
  }
  for (const status of [304, 416]) t.equal(judge(status).kind, 'head-only', String(status));
  t.equal(judge(416, {}, null).kind, 'stream', 'nobody asked for a range');
  for (const status of [408, 429, 500, 502, 503, 504]) {
    t.equal(judge(status).kind, 'busy', String(status));
    t.equal(judge(status, { 'cache-control': 'max-age=5' }).kind, 'stream', 'meant to be kept');
  }
  for (const status of [200, 203, 204, 300, 401, 403, 404, 410, 451, 501]) {
    t.equal(judge(status).kind, 'stream', String(status));
  }
  t.end();
});

void t.test('a 206 within the requested range is a range', (t) => {
  t.match(judge(206, { 'content-range': 'bytes 100-199/1000' }), {
    kind: 'range',
    range: ASKED,
    completeLength: 1000,
  });
  t.match(judge(206, { 'content-range': 'bytes 100-119/120' }), { range: { end: 120 } });
  t.match(judge(206, { 'content-range': 'bytes 100-199/*' }), { completeLength: null });
  t.equal(judge(206, { 'content-range': 'bytes 99-199/1000' }).kind, 'head-only');
  t.equal(judge(206, { 'content-range': 'bytes 100-200/1000' }).kind, 'head-only');
  t.equal(judge(206).kind, 'head-only');
  t.end();
});

void t.test('a 206 without a requested range is head-only', (t) => {
  const headers = toHeaderMap({ 'content-range': 'bytes 0-9/10' });
  const verdict = judgeOpenHead({ status: 206, headers, contentLength: 10 }, null, 0);
  t.match(verdict, { kind: 'head-only' });
  t.end();
});

import t from 'tap';
import { AccessLog, accessLine, unreadLine } from '#src/telemetry/access-log.js';
import { createLog } from '#src/telemetry/log.js';
import type { RequestRecord } from '#src/telemetry/request-record.js';

const RECORD: RequestRecord = {
  requestId: 'r',
  traceId: null,
  method: 'GET',
  target: '/a/b?X-Amz-Signature=secret',
  range: 'bytes=0-1',
  status: 206,
  result: 'hit',
  ending: 'complete',
  code: null,
  collapsed: false,
  bytesSent: 2,
  originBytes: 0,
  waitMs: 1.6,
  transferMs: 0.2,
};

t.test('an access line has the fields an operator needs, and no query', (t) => {
  t.same(accessLine(RECORD), {
    method: 'GET',
    path: '/a/b',
    range: 'bytes=0-1',
    status: 206,
    bytes: 2,
    result: 'hit',
    ending: 'complete',
    originBytes: 0,
    waitMs: 2,
    transferMs: 0,
    requestId: 'r',
  });
  t.equal(accessLine({ ...RECORD, code: 'disk' })['code'], 'disk');
  t.equal(accessLine({ ...RECORD, traceId: 'abc' })['traceId'], 'abc');
  t.equal(accessLine({ ...RECORD, target: '/a#x\n?y' })['path'], '/a');
  t.end();
});

t.test('the length of an access line is bounded', (t) => {
  const line = accessLine({
    ...RECORD,
    target: `/${'a'.repeat(15_000)}`,
    range: `bytes=${'1-2,'.repeat(3000)}`,
  });
  t.ok(JSON.stringify(line).length < 2000);
  t.end();
});

t.test('one line per request is written, or none where disabled', (t) => {
  const lines: string[] = [];
  const { log } = createLog(
    { level: 'info', format: 'json' },
    { write: (line) => lines.push(line) },
  );
  new AccessLog(log, false).requestFinished(RECORD);
  t.equal(lines.length, 0);
  new AccessLog(log, true).requestFinished(RECORD);
  t.match(JSON.parse(lines[0] ?? ''), { msg: 'request', level: 'info', path: '/a/b' });
  t.end();
});

t.test('a request that could not be parsed is logged with the known fields', (t) => {
  const unread = {
    requestId: 'r',
    method: null,
    target: null,
    status: 400,
    code: 'bad-request',
    ending: 'complete',
    bytesSent: 30,
  } as const;
  t.same(unreadLine(unread), {
    method: null,
    path: null,
    range: null,
    status: 400,
    bytes: 30,
    result: 'refused',
    ending: 'complete',
    code: 'bad-request',
    originBytes: 0,
    waitMs: null,
    transferMs: null,
    requestId: 'r',
  });
  const tunnel = { ...unread, method: 'CONNECT', target: `h:1?${'x'.repeat(5000)}` };
  t.match(unreadLine(tunnel), { method: 'CONNECT', path: 'h:1' });
  t.end();
});

import { Registry } from 'prom-client';
import t from 'tap';
import { createInstruments } from '#src/telemetry/instruments.js';
import type { RequestRecord } from '#src/telemetry/request-record.js';
import { RequestTally } from '#src/telemetry/request-tally.js';

const RECORD: RequestRecord = {
  requestId: 'a',
  traceId: null,
  method: 'GET',
  target: '/',
  range: null,
  status: 206,
  result: 'hit',
  ending: 'complete',
  code: null,
  collapsed: false,
  bytesSent: 10,
  originBytes: 0,
  waitMs: 1,
  transferMs: 1,
};

t.test('each count is flushed once', async (t) => {
  const registry = new Registry();
  const to = createInstruments(registry);
  const tally = new RequestTally();
  const samples = async (name: string) => {
    tally.flush(to);
    const metric = await registry.getSingleMetric(`forebay_${name}`)?.get();
    return metric?.values.map(({ labels, value }) => [...Object.values(labels), value]);
  };
  t.same(await samples('client_bytes_total'), [], 'nothing yet');
  for (let i = 0; i < 3; i += 1) tally.started();
  t.same(await samples('inflight_requests'), [[3]]);
  tally.finished(RECORD);
  tally.finished({ ...RECORD, originBytes: 4 });
  tally.finished({ ...RECORD, method: 'BREW', status: 418, result: 'refused', originBytes: 99 });
  const counted = [
    ['GET', '206', 'hit', 2],
    ['other', '418', 'refused', 1],
  ];
  t.same(await samples('requests_total'), counted);
  t.same(await samples('requests_total'), counted, 'and no more');
  t.same(await samples('client_bytes_total'), [
    ['origin', 14],
    ['cache', 16],
  ]);
  t.same(await samples('inflight_requests'), [[0]]);
});

import t from 'tap';
import { ownShortage, reportError } from '#src/model/errors.js';
import { shortageOf } from '#src/model/own-shortage.js';

const coded = (code: string, more: object = {}) =>
  Object.assign(new Error(code), { code, ...more });

t.test('errors of descriptors, memory and ports are own shortages; others are not', async (t) => {
  for (const code of ['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'EAGAIN']) {
    t.match(
      ownShortage(coded(code)),
      { code: 'overload', source: 'internal', retryable: true },
      code,
    );
    t.match(reportError(coded(code)), { code: 'overload' });
  }
  t.match(shortageOf(coded('EMFILE')), /descriptor.*LimitNOFILE.*EMFILE/);
  const thread = new Error('Worker initialization failure: EMFILE');
  t.match(shortageOf(Object.assign(thread, { code: 'ERR_WORKER_INIT_FAILED' })), /EMFILE/);
  for (const thrown of [
    coded('ERR_WORKER_INIT_FAILED'),
    coded('ECONNREFUSED'),
    coded('ENOSPC'),
    coded('toString'),
    null,
    'EMFILE',
  ]) {
    t.equal(ownShortage(thrown), null);
  }
});

t.test('EADDRNOTAVAIL is an own shortage for IPv4 only, a missing route for IPv6', async (t) => {
  t.match(shortageOf(coded('EADDRNOTAVAIL', { address: '10.0.0.1' })), /port/);
  t.equal(shortageOf(coded('EADDRNOTAVAIL', { address: '::1' })), null);
  t.equal(shortageOf(coded('EADDRNOTAVAIL')), null);
});

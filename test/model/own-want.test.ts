import t from 'tap';
import { ownWant, reportError } from '#src/model/errors.js';
import { wantOf } from '#src/model/own-want.js';

const coded = (code: string, more: object = {}) =>
  Object.assign(new Error(code), { code, ...more });

t.test('descriptors, memory and ports are our own; anything else is not', async (t) => {
  for (const code of ['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'EAGAIN']) {
    t.match(ownWant(coded(code)), { code: 'overload', source: 'internal', retryable: true }, code);
    t.match(reportError(coded(code)), { code: 'overload' });
  }
  t.match(wantOf(coded('EMFILE')), /descriptor.*LimitNOFILE.*EMFILE/);
  const thread = new Error('Worker initialization failure: EMFILE');
  t.match(wantOf(Object.assign(thread, { code: 'ERR_WORKER_INIT_FAILED' })), /EMFILE/);
  for (const thrown of [
    coded('ERR_WORKER_INIT_FAILED'),
    coded('ECONNREFUSED'),
    coded('ENOSPC'),
    coded('toString'),
    null,
    'EMFILE',
  ]) {
    t.equal(ownWant(thrown), null);
  }
});

t.test(
  'no local port is a want of IPv4 alone: of IPv6 it may mean that there is none',
  async (t) => {
    t.match(wantOf(coded('EADDRNOTAVAIL', { address: '10.0.0.1' })), /port/);
    t.equal(wantOf(coded('EADDRNOTAVAIL', { address: '::1' })), null);
    t.equal(wantOf(coded('EADDRNOTAVAIL')), null);
  },
);

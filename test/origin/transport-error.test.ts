import t from 'tap';
import { ForebayError } from '#src/model/errors.js';
import { transportError } from '#src/origin/transport-error.js';

function coded(code: string): Error {
  return Object.assign(new Error('secret.example:443'), { code });
}

void t.test("Node's errors map to error codes by their meaning", (t) => {
  const cases: [string, 'connecting' | 'connected', string, boolean][] = [
    ['ENOTFOUND', 'connecting', 'origin-dns', false],
    ['EAI_AGAIN', 'connecting', 'origin-dns', true],
    ['ECONNREFUSED', 'connecting', 'origin-connect', true],
    ['EHOSTUNREACH', 'connecting', 'origin-connect', true],
    ['ECONNRESET', 'connecting', 'origin-connect', true],
    ['ECONNRESET', 'connected', 'origin-reset', true],
    ['EPIPE', 'connected', 'origin-reset', true],
    ['UND_ERR_SOCKET', 'connected', 'origin-reset', true],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'connecting', 'origin-tls', false],
    ['CERT_HAS_EXPIRED', 'connecting', 'origin-tls', false],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'connecting', 'origin-tls', false],
    ['EPROTO', 'connecting', 'origin-tls', false],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'connecting', 'origin-tls', false],
  ];
  for (const [nodeCode, phase, code, retryable] of cases) {
    const error = transportError(coded(nodeCode), phase);
    t.match(error, { code, retryable, source: 'origin' }, nodeCode);
    t.match(error.message, nodeCode);
    t.notMatch(error.message, 'secret');
  }
  t.end();
});

void t.test('an AggregateError of several addresses is one origin-connect error', (t) => {
  const all = new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')]);
  t.match(transportError(all, 'connecting'), { code: 'origin-connect', cause: all });
  t.end();
});

void t.test('a ForebayError is returned as it is, also from within', (t) => {
  const own = new ForebayError('origin-address-refused', 'no', {
    source: 'origin',
    retryable: false,
  });
  t.equal(transportError(own, 'connecting'), own);
  t.equal(transportError(new AggregateError([own]), 'connecting'), own);
  t.end();
});

void t.test('any other thrown value becomes an error', (t) => {
  for (const thrown of [undefined, null, 'text', 5, {}, { code: 5 }, new AggregateError([])]) {
    t.match(transportError(thrown, 'connected'), { code: 'origin-reset' });
  }
  t.end();
});

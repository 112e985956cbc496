import t from 'tap';
import {
  isCredential,
  isHarmless,
  isIncidental,
  isPersonal,
  isSentElsewhere,
} from '#src/origin/request-fields.js';

t.test('harmless fields do not distinguish clients, all others do', async (t) => {
  for (const name of ['accept', 'user-agent', 'range', 'if-none-match', 'sec-fetch-mode', 'dnt']) {
    t.ok(isHarmless(name), name);
    t.notOk(isCredential(name), name);
  }
  for (const name of [
    'cookie',
    'authorization',
    'x-api-key',
    'private-token',
    'x-gpu',
    'referer',
  ]) {
    t.notOk(isHarmless(name), name);
  }
});

t.test('credential fields are recognised under any name', async (t) => {
  const names = [
    ...['authorization', 'cookie', 'x-api-key', 'private-token', 'job-token', 'x-auth-token'],
    ...['x-jfrog-art-api', 'x-vault-token', 'apikey', 'api_key', 'cf-access-client-secret'],
    ...['x-amz-security-token', 'x-session-id'],
  ];
  for (const name of names) t.ok(isCredential(name), name);
  for (const name of ['x-gpu', 'test-id', 'x-monkey', 'x-forwarded-for', 'x-forwarded-user']) {
    t.notOk(isCredential(name), name);
  }
});

t.test('fields with another value for each client are recognised', async (t) => {
  for (const name of ['cookie', 'x-client-id', 'x-forwarded-for', 'x-user', 'traceparent']) {
    t.ok(isPersonal(name), name);
  }
  for (const name of ['accept', 'user-agent', 'x-gpu', 'origin']) t.notOk(isPersonal(name), name);
});

t.test('fields sent to other hosts and incidental fields are harmless', async (t) => {
  const names = ['accept', 'accept-language', 'user-agent', 'x-request-id', 'pragma'];
  for (const name of names.filter((one) => isSentElsewhere(one) || isIncidental(one))) {
    t.ok(isHarmless(name), name);
  }
  t.ok(isSentElsewhere('user-agent') && isIncidental('user-agent'));
  t.notOk(isSentElsewhere('cookie') || isIncidental('cookie'));
});

/** Credentials are told apart and kept nowhere. */
import t from 'tap';
import { Credentials } from '#src/hub/credentials.js';
import { toHeaderMap } from '#src/model/headers.js';
import { CacheKey } from '#src/store/directory/cache-key.js';

const credentials = new Credentials(new CacheKey(Buffer.alloc(32, 7)));

t.test('who() has the credential fields and a key that differs for each credential', (t) => {
  const request = { authorization: 'Bearer hf_a', cookie: 'x=1', 'user-agent': 'u', range: 'r' };
  const one = credentials.who(toHeaderMap(request), 'acme/m', null);
  t.same({ ...one.headers }, { authorization: 'Bearer hf_a', 'user-agent': 'u' });
  t.match(one.key, /^[0-9a-f]{64}$/);
  const other = credentials.who(toHeaderMap({ authorization: 'Bearer hf_b' }), 'acme/m', null);
  t.not(other.key, one.key);
  t.equal(credentials.who(toHeaderMap({}), 'acme/m', null).key, '');
  const elsewhere = new Credentials(new CacheKey(Buffer.alloc(32, 8)));
  t.not(elsewhere.who(toHeaderMap(request), 'acme/m', null).key, one.key);
  t.end();
});

t.test("the operator's token is lent for its repositories, to clients that send none", (t) => {
  const server = { token: 'hf_s', repositories: ['acme/*'] };
  const sent = (repository: string | null, authorization?: string) => {
    const request = authorization === undefined ? {} : { authorization };
    return credentials.who(toHeaderMap(request), repository, server).headers['authorization'];
  };
  t.equal(sent('acme/m'), 'Bearer hf_s');
  t.equal(sent('acme/m', 'Bearer hf_a'), 'Bearer hf_a');
  const spelled = { token: 'hf_s', repositories: ['Acme/Gated*'] };
  t.match(credentials.who(toHeaderMap({}), 'acme/gated-2', spelled).headers, {
    authorization: 'Bearer hf_s',
  });
  t.equal(sent('other/m'), undefined);
  t.equal(sent('datasets/acme/m'), undefined);
  t.equal(sent(null), undefined);
  // A hub that decodes them would read another repository's name.
  for (const name of ['acme/m%2F..%2Fsecret', 'acme/..', 'acme/%2e%2e', 'acme/m;x']) {
    t.equal(sent(name), undefined, name);
  }
  t.end();
});

t.test('Via is sent, so that a loop to this mirror is detected', (t) => {
  const { headers } = credentials.who(toHeaderMap({ via: '1.1 other' }), 'acme/m', null);
  t.equal(headers['via'], '1.1 other');
  t.end();
});

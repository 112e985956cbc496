import t from 'tap';
import { clientKey } from '#src/http/request/client-key.js';

t.test('an IPv4 address has one key in each notation', (t) => {
  t.equal(clientKey('192.0.2.1'), '192.0.2.1');
  t.equal(clientKey('::ffff:192.0.2.1'), '192.0.2.1');
  t.equal(clientKey('::FFFF:192.0.2.1'), '192.0.2.1');
  t.not(clientKey('192.0.2.1'), clientKey('192.0.2.2'));
  t.end();
});

t.test('IPv6 addresses of one subscriber have one key', (t) => {
  const key = clientKey('2001:db8:1:2:3:4:5:6');
  t.equal(key, '2001:db8:1:2::/64');
  t.equal(clientKey('2001:db8:1:2::1'), key);
  t.equal(clientKey('2001:db8:1:2:ffff::'), key);
  t.not(clientKey('2001:db8:1:3::1'), key);
  t.equal(clientKey('::1'), clientKey('::2'), 'all of this machine');
  t.equal(clientKey('2001:db8::1'), '2001:db8:0:0::/64');
  t.equal(clientKey('fe80::1%eth0'), 'fe80:0:0:0::/64');
  t.end();
});

t.test('an unknown address has a key of its own', (t) => {
  t.equal(clientKey(undefined), '');
  t.end();
});

import t from 'tap';
import { isHost, namesHost } from '#src/model/host.js';

t.test('isHost and namesHost accept host and port, and refuse anything else', async (t) => {
  for (const host of ['h', 'h:80', 'a-b.example:', '127.0.0.1', '[::1]:80', 'h%41']) {
    t.ok(isHost(host), host);
    t.ok(namesHost(host), host);
  }
  for (const host of ['', ':80']) {
    t.ok(isHost(host), host);
    t.notOk(namesHost(host), host);
  }
  for (const host of [
    'a,b',
    'a@b',
    'a/b',
    'a b',
    'a>b',
    'a<b',
    '"a"',
    'a:b',
    '[::1',
    'a\r\nb',
    'h%4',
  ]) {
    t.notOk(isHost(host), JSON.stringify(host));
  }
});

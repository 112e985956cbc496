import t from 'tap';
import { HostRule } from '#src/http/access/hosts.js';

const rule = new HostRule(['models.example.org', '*.ml.example.org'], 'Node7.example.com');

t.test('host names that no web page can have pass without being configured', async (t) => {
  for (const field of [
    ...['127.0.0.1', '127.0.0.1:7080', '10.1.2.3:80', '[::1]:7080', '[fd00::1]'],
    ...['localhost', 'LOCALHOST:7080', 'localhost.', 'page.localhost', 'forebay', 'forebay:7080'],
    ...['forebay.ml.svc', 'forebay.ml.svc.cluster.local:7080', 'forebay.ml.svc.cluster.local.'],
    ...['gpu.internal', 'node7.example.com', 'NODE7.EXAMPLE.COM:7080'],
  ]) {
    t.ok(rule.names(field), field);
  }
  t.ok(rule.names(undefined), 'no browser leaves Host out');
});

t.test('configured names pass, and names below a configured pattern', async (t) => {
  for (const field of ['models.example.org:7080', 'Models.Example.Org.', 'a.b.ml.example.org']) {
    t.ok(rule.names(field), field);
  }
});

t.test('other host names do not pass in any spelling', async (t) => {
  for (const field of [
    ...['evil.example', 'evil.example:7080', 'ml.example.org', 'xml.example.org', 'a.example.com'],
    ...['localhost.evil.example', '127.0.0.1.evil.example', '127.0.0.1.nip.io', 'svc.evil.example'],
    ...['evil%2eexample', 'evil.example@localhost', 'a,localhost', '', ':7080', '.', 'a b', '[::1'],
    ...['evil.example#localhost', '1.2.3.4.5', 'evil.example:80:80', 'xn--l.evil.example'],
  ]) {
    t.notOk(rule.names(field), field);
  }
});

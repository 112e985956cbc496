import t from 'tap';
import { Access } from '#src/http/access/access.js';
import { toHeaderMap } from '#src/model/headers.js';

const MOUNTS = [
  { name: 'open', mount: '/' },
  { name: 'lent', mount: '/private', isLent: true, cors: ['https://app.example'] },
];
const OPEN = [{ name: 'open', mount: '/' }];
const host = (name: string) => toHeaderMap({ host: name });

t.test('a foreign Host is refused only where credentials are lent', async (t) => {
  const access = new Access({ listen: {}, origins: MOUNTS }, null);
  t.ok(access.guardsHosts);
  const refused = { kind: 'refused', reason: 'host-not-allowed' };
  t.same(access.judge('GET', host('evil.example'), 'lent'), refused);
  t.equal(access.judge('GET', host('evil.example'), 'open').kind, 'admitted');
  t.equal(access.judge('GET', host('localhost:7080'), 'lent').kind, 'admitted');
  const page = toHeaderMap({ host: 'localhost', origin: 'https://evil.example' });
  t.same(access.judge('GET', page, 'lent'), { kind: 'refused', reason: 'cross-site' });
  t.equal(access.judge('GET', page, 'open').kind, 'admitted');
});

t.test('configured host names close every mount to other names', async (t) => {
  const access = new Access({ listen: { hosts: ['models.example.org'] }, origins: OPEN }, null);
  t.ok(access.guardsHosts);
  t.notOk(access.admitsHost('evil.example', 'open'));
  t.ok(access.admitsHost('models.example.org:7080', 'open'));
  t.ok(access.admitsHost('10.0.0.1', 'open'));
});

t.test('without lent credentials and host names every Host passes', async (t) => {
  const access = new Access({ listen: {}, origins: OPEN }, null);
  t.notOk(access.guardsHosts);
  t.ok(access.admitsHost('evil.example', 'open'));
});

t.test('each accepted foreign Host is reported once, and a bounded number of them', async (t) => {
  const told: string[] = [];
  const server = { guardHosts: () => undefined, admitHost: (field: string) => told.push(field) };
  const access = new Access({ listen: {}, origins: MOUNTS }, server);
  for (const field of ['a', 'evil.example', 'a', 'b:1']) access.admitsHost(field, 'open');
  t.same(told, ['a', 'b:1'], 'never one that is not ours');
  for (let i = 0; i < 200; i += 1) access.admitsHost(`h${String(i)}`, 'lent');
  t.equal(told.length, 64);
});

t.test('a response has Vary: Origin where Origin may change it', async (t) => {
  const access = new Access({ listen: {}, origins: MOUNTS }, null);
  t.same({ ...access.plainFields('lent') }, { vary: 'Origin' });
  t.same({ ...access.plainFields('open') }, {});
});

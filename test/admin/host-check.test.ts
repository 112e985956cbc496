import fc from 'fast-check';
import t from 'tap';
import { hostAllowed, originAllowed } from '#src/admin/host-check.js';

t.test('Host: loopback names and the listen address pass', (t) => {
  for (const field of ['localhost', 'LOCALHOST:7081', '127.0.0.1:7081', '[::1]:7081', '[::1]']) {
    t.equal(hostAllowed(field, '127.0.0.1'), true, field);
  }
  t.equal(hostAllowed('10.0.0.5:7081', '10.0.0.5'), true);
  t.equal(hostAllowed('node7:7081', 'Node7'), true);
  t.end();
});

t.test('Host: every other name is refused (DNS rebinding)', (t) => {
  for (const field of [
    undefined,
    '',
    'evil.example:7081',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'localhost:7081:1',
    'user@localhost',
    'localhost/x',
    '10.0.0.5',
    '::1',
    '[::1',
  ]) {
    t.equal(hostAllowed(field, '127.0.0.1'), false, String(field));
  }
  t.end();
});

t.test('Host: a wildcard listener accepts addresses and no names', (t) => {
  for (const listen of ['0.0.0.0', '::']) {
    t.equal(hostAllowed('10.0.0.5:7081', listen), true);
    t.equal(hostAllowed('[fd00::1]:7081', listen), true);
    t.equal(hostAllowed('evil.example', listen), false);
    t.equal(hostAllowed('999.0.0.1', listen), false);
  }
  t.end();
});

t.test('cross-site requests are refused by their Origin', (t) => {
  t.equal(originAllowed(undefined, '127.0.0.1'), true);
  t.equal(originAllowed('http://localhost:7081', '127.0.0.1'), true);
  for (const field of [
    'null',
    'http://evil.example',
    'http://localhost@evil',
    'file://localhost/',
  ]) {
    t.equal(originAllowed(field, '127.0.0.1'), false, field);
  }
  t.end();
});

t.test('property: hostAllowed and originAllowed never throw', (t) => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (field, listen) => {
      hostAllowed(field, listen);
      originAllowed(field, listen);
    }),
  );
  t.end();
});

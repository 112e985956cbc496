import t from 'tap';
import { comparable, decoded, decodedOnce, isTreacherous, readingsOf } from '#src/model/path.js';

t.test('readingsOf lists the paths that a server may read from a target', async (t) => {
  const { kept, plain } = readingsOf('/a%2Fb//c%2Bd.;x=1/');
  t.same(kept, ['/a%2Fb//c d.;x=1/', '/a%2Fb/c d.;x=1/', '/a%2Fb/c d.;x=1', '/a%2Fb/c d']);
  t.same(plain, ['/a/b//c d.;x=1/', '/a/b/c d.;x=1/', '/a/b/c d.;x=1', '/a/b/c d']);
  t.same(readingsOf('/a/b').plain, ['/a/b'], 'mostly there is one');
});

t.test('double escapes count as escapes', async (t) => {
  t.equal(decoded('/%25252Fa%255C'), '///a/'.slice(1));
  t.equal(decoded('%%32%35'), '%');
  t.equal(decodedOnce('/a%252Fb%2fc'), '/a%2Fb%2Fc');
  t.equal(decoded('/100%25.json'), '/100%.json');
  t.equal(decoded('/%zz%'), '/%zz%');
});

t.test('names in any script, composed or not, UTF-8 or Latin-1, have one reading', async (t) => {
  t.equal(decoded('/%E6%A8%A1'), '/模');
  t.equal(decoded('/caf%C3%A9'), '/café');
  t.equal(decoded('/cafe%CC%81'), '/café');
  t.equal(decoded('/caf%E9'), '/café');
  t.equal(decoded('/café'), '/café');
});

t.test('property: a prefix of a path is a prefix of its readings', async (t) => {
  t.equal(comparable('/a%2Fb//c?x=%7e+'), '/a/b/c?x=~+');
  t.equal(comparable('/a.'), '/a.');
  t.equal(comparable('/a/'), '/a/');
  t.equal(comparable('/a?模'), '/a?%E6%A8%A1');
});

t.test('hidden dot segments and backslashes are detected', async (t) => {
  for (const path of [
    '/..',
    '/a/./b',
    '/%2e%2E/',
    '/%252e%25252e',
    '/a\\..\\b',
    '/a%5c..',
    '/a%2f..',
    '/..;x',
    '/%c0%ae',
    '/%e0%80%af',
    '/%f0%80%80%af',
    '/%00',
    '/%2500',
    '/%',
    '/%4',
    '/%zz',
  ]) {
    t.ok(isTreacherous(path), path);
  }
  for (const path of [
    '/',
    '/...',
    '/..a',
    '/a..',
    '/.git',
    '/a;..',
    '/%2f',
    '/%25',
    '/%c3%a9',
    '/%ff%c0',
  ]) {
    t.notOk(isTreacherous(path), path);
  }
});

t.test('reading time is linear in the length of a hostile path', async (t) => {
  const nested = `/${'%25'.repeat(20_000)}2e`;
  const took = (path: string): number => {
    const begin = process.cpuUsage().user;
    for (let round = 0; round < 5; round += 1) readingsOf(path);
    return process.cpuUsage().user - begin;
  };
  took(nested);
  const ratio = took(nested) / Math.max(1, took(nested.slice(0, nested.length / 2)));
  t.ok(ratio < 8, `twice the length took ${ratio.toFixed(1)} times as long`);
});

import t from 'tap';
import { codingOf, isDecodable } from '#src/model/content-coding.js';
import { toHeaderMap } from '#src/model/headers.js';

t.test('codingOf returns the codings of a response, lower-cased', (t) => {
  const of = (value: string): string => codingOf(toHeaderMap({ 'content-encoding': value }));
  t.equal(codingOf(toHeaderMap({})), '');
  t.same([of(''), of('Identity'), of(' , ')], ['', '', '']);
  t.same([of('GZIP'), of('x-gzip'), of('identity, br')], ['gzip', 'gzip', 'br']);
  t.equal(of('gzip,br'), 'gzip, br');
  t.end();
});

t.test('isDecodable is true for one of gzip, deflate and br', (t) => {
  for (const coding of ['gzip', 'deflate', 'br']) t.ok(isDecodable(coding), coding);
  for (const coding of ['', 'zstd', 'compress', 'gzip, gzip']) t.notOk(isDecodable(coding), coding);
  t.end();
});

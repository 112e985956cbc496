import fc from 'fast-check';
import t from 'tap';
import {
  isTargeted,
  parseDirectives,
  requestDirectives,
  responseDirectives,
} from '#src/cache/rfc9111/directives.js';
import { toHeaderMap } from '#src/model/headers.js';

t.test('directive names match in any case, and numbers plain or quoted', async (t) => {
  const found = parseDirectives(' Max-Age=60 ,, NO-CACHE, s-maxage="7",x ');
  t.equal(found.seconds('max-age'), 60);
  t.equal(found.seconds('s-maxage'), 7);
  t.ok(found.has('no-cache') && found.has('x'));
  t.notOk(found.has('no-store'));
  t.equal(found.seconds('no-store'), undefined);
  t.equal(parseDirectives('max-age=99999999999999').seconds('max-age'), 2 ** 31);
  t.equal(parseDirectives('max-age=007').seconds('max-age'), 7);
});

t.test('a malformed directive is present without a number', async (t) => {
  const fields = ['max-age', 'max-age=', 'max-age=1.5', 'max-age=-1', "max-age='1'", 'max-age =1'];
  for (const field of [...fields, 'max-age= 1', 'max-age=1 2', 'max-age="1', 'max-age=1;x']) {
    const found = parseDirectives(field);
    t.ok(found.has('max-age'), field);
    t.equal(found.seconds('max-age'), 'malformed', field);
  }
  t.ok(parseDirectives('no-store =').has('no-store'), 'so that it still forbids');
  t.equal(parseDirectives('max-age=1, max-age=2').seconds('max-age'), 'malformed');
  t.equal(parseDirectives('max-age=1, max-age="1"').seconds('max-age'), 1);
});

t.test('commas and directives inside quotes are text', async (t) => {
  const found = parseDirectives('x="max-age=1, \\"no-store", max-age=5, private="A, b"');
  t.equal(found.seconds('max-age'), 5);
  t.notOk(found.has('no-store'));
  t.same(found.fieldNames('private'), ['a', 'b']);
  t.notOk(found.isUnqualified('private'));
  t.ok(parseDirectives('private, private="a"').isUnqualified('private'));
  t.ok(parseDirectives('private="a').isUnqualified('private'), 'in doubt it means all fields');
  t.same(parseDirectives('no-cache').fieldNames('no-cache'), []);
  t.ok(parseDirectives('max-stale').isBare('max-stale'));
  t.notOk(parseDirectives('max-stale=x').isBare('max-stale'));
  t.notOk(parseDirectives('').isBare('max-stale'));
});

t.test('Pragma counts for a request without Cache-Control', async (t) => {
  const noCache = (headers: Record<string, string>) =>
    requestDirectives(toHeaderMap(headers)).has('no-cache');
  t.ok(noCache({ pragma: 'no-cache' }));
  t.notOk(noCache({ pragma: 'no-cache', 'cache-control': 'max-age=1' }));
  t.notOk(noCache({ pragma: 'not-no-cache' }));
  t.notOk(noCache({}));
  t.notOk(responseDirectives(toHeaderMap({ pragma: 'no-cache' })).has('no-cache'));
});

t.test('CDN-Cache-Control takes precedence when it can be parsed', async (t) => {
  const seconds = (targeted: string) =>
    responseDirectives(
      toHeaderMap({ 'cdn-cache-control': targeted, 'cache-control': 'max-age=1' }),
    ).seconds('max-age');
  t.equal(seconds('max-age=60'), 60);
  t.equal(seconds('no-store'), undefined);
  for (const unread of ['', 'max-age=', 'MAX-AGE=60', 'max-age="60"', 'max-age=6.5']) {
    t.equal(seconds(unread), 1, unread);
  }
  t.ok(isTargeted(toHeaderMap({ 'cdn-cache-control': 'no-cache="a"' })));
  t.notOk(isTargeted(toHeaderMap({ 'cache-control': 'no-cache' })));
});

t.test('property: any text is read, and only digits are numbers', async (t) => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom('max-age', 'no-store'), (text, name) => {
      const value = parseDirectives(`${text}, ${name}=${text}`).seconds(name);
      return value === undefined || value === 'malformed' || Number.isInteger(value);
    }),
  );
  t.pass();
});

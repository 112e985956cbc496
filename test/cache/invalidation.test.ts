import t from 'tap';
import { invalidatedUris } from '#src/cache/invalidation.js';
import { toHeaderMap } from '#src/model/headers.js';

const URI = 'http://origin.example/base/a?b';

function uris(status: number, fields: Readonly<Record<string, string>> = {}): readonly string[] {
  return invalidatedUris(URI, { status, headers: toHeaderMap(fields) });
}

t.test('the target, after anything but an error', (t) => {
  for (const status of [200, 201, 204, 302, 399]) t.same(uris(status), [URI]);
  for (const status of [400, 404, 500, 599]) t.same(uris(status), []);
  t.end();
});

t.test('what the answer names on the same origin', (t) => {
  t.same(uris(201, { location: 'c', 'content-location': '/d#e' }), [
    URI,
    'http://origin.example/base/c',
    'http://origin.example/d',
  ]);
  t.same(uris(201, { location: URI }), [URI]);
  for (const location of [
    'https://origin.example/base/c',
    'http://origin.example:81/c',
    'http://other.example/c',
    'http://',
  ]) {
    t.same(uris(201, { location }), [URI], location);
  }
  t.end();
});

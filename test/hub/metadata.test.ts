/** What the heads of a file say. */
import t from 'tap';
import { factsOf } from '#src/hub/metadata.js';
import { toHeaderMap } from '#src/model/headers.js';

const COMMIT = 'c'.repeat(40);
const SHA256 = '1'.repeat(64);
const BLOB = '2'.repeat(40);

function head(status: number, headers: Record<string, string>, contentLength: number | null) {
  return { status, headers: toHeaderMap(headers), contentLength };
}

t.test('a file in LFS: the redirect tells it all', (t) => {
  const linked = {
    'x-repo-commit': COMMIT,
    'x-linked-etag': `"${SHA256}"`,
    'x-linked-size': '1234',
    etag: '"of-the-redirect"',
  };
  t.same(factsOf([head(302, linked, 15)]), {
    commit: COMMIT,
    tag: SHA256,
    digest: { algorithm: 'sha256', hex: SHA256 },
    lengthBytes: 1234,
    isLinked: true,
  });
  t.end();
});

t.test('a small file: the heads tell parts, and a redirect has a length of its own', (t) => {
  const first = head(307, { 'x-repo-commit': COMMIT }, 77);
  const told = { 'x-repo-commit': 'd'.repeat(40), etag: `W/"${BLOB}"` };
  const facts = factsOf([first, head(200, told, 42)]);
  t.match(facts, { commit: COMMIT, lengthBytes: 42, isLinked: false });
  t.same(facts?.digest, { algorithm: 'git-sha1', hex: BLOB });
  t.equal(factsOf([first, head(200, told, null)])?.lengthBytes, null, 'a CDN left it out');
  t.end();
});

t.test('no file', (t) => {
  t.equal(factsOf([]), undefined);
  t.equal(factsOf([head(200, { etag: `"${BLOB}"` }, 1)]), undefined, 'no commit');
  t.equal(factsOf([head(200, { 'x-repo-commit': 'main', etag: `"${BLOB}"` }, 1)]), undefined);
  t.equal(factsOf([head(200, { 'x-repo-commit': COMMIT }, 1)]), undefined, 'no entity-tag');
  const other = { 'x-repo-commit': COMMIT, etag: '"v1"' };
  t.equal(factsOf([head(200, other, 1)]), undefined, 'no digest');
  t.end();
});

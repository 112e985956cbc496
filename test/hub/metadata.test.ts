/** What the heads of a file say. */
import t from 'tap';
import { factsOf, missingOf } from '#src/hub/metadata.js';
import { toHeaderMap } from '#src/model/headers.js';

const COMMIT = 'c'.repeat(40);
const SHA256 = '1'.repeat(64);
const BLOB = '2'.repeat(40);

function head(status: number, headers: Record<string, string>, contentLength: number | null) {
  return { status, headers: toHeaderMap(headers), contentLength };
}

t.test('an LFS file is described by its redirect', (t) => {
  const linked = {
    'x-repo-commit': COMMIT,
    'x-linked-etag': `"${SHA256}"`,
    'x-linked-size': '1234',
    etag: '"of-the-redirect"',
  };
  t.same(factsOf([head(302, linked, 15)], 'main'), {
    commit: COMMIT,
    tag: SHA256,
    digest: { algorithm: 'sha256', hex: SHA256 },
    lengthBytes: 1234,
    isLinked: true,
  });
  t.end();
});

t.test("a small file is described by its heads, not by the redirect's length", (t) => {
  const first = head(307, { 'x-repo-commit': COMMIT }, 77);
  const told = { 'x-repo-commit': 'd'.repeat(40), etag: `W/"${BLOB}"` };
  const facts = factsOf([first, head(200, told, 42)], 'main');
  t.match(facts, { commit: COMMIT, lengthBytes: 42, isLinked: false });
  t.same(facts?.digest, { algorithm: 'git-sha1', hex: BLOB });
  t.equal(factsOf([first, head(200, told, null)], 'main')?.lengthBytes, null, 'a CDN left it out');
  t.end();
});

t.test('heads without commit or ETag describe no file', (t) => {
  t.equal(factsOf([], 'main'), undefined);
  t.equal(factsOf([head(200, { etag: `"${BLOB}"` }, 1)], 'main'), undefined, 'no commit');
  t.equal(
    factsOf([head(200, { 'x-repo-commit': 'main', etag: `"${BLOB}"` }, 1)], 'main'),
    undefined,
  );
  t.equal(factsOf([head(200, { 'x-repo-commit': COMMIT }, 1)], 'main'), undefined, 'no entity-tag');
  const other = { 'x-repo-commit': COMMIT, etag: '"v1"' };
  t.equal(factsOf([head(200, other, 1)], 'main'), undefined, 'no digest');
  t.end();
});

t.test('a hub without commit field means the requested commit', (t) => {
  const told = { etag: `"${BLOB}"` };
  t.match(factsOf([head(200, told, 1)], COMMIT), { commit: COMMIT, tag: BLOB });
  const other = { ...told, 'x-repo-commit': 'd'.repeat(40) };
  t.match(factsOf([head(200, other, 1)], COMMIT), { commit: 'd'.repeat(40) }, 'its word counts');
  t.match(factsOf([head(200, { ...told, 'x-repo-commit': 'x' }, 1)], COMMIT), { commit: COMMIT });
  t.equal(factsOf([head(200, told, 1)], 'v1.0'), undefined);
  t.match(missingOf([head(200, told, 1)], 'v1.0'), /"v1\.0".*X-Repo-Commit.*hub\.endpoint/);
  t.match(missingOf([head(200, {}, 1)], COMMIT), 'ETag');
  t.match(missingOf([head(200, told, null)], COMMIT), 'how long');
  t.end();
});

t.test('the checksums of a repository manager: a plain SHA-1 is no git blob id', (t) => {
  const sums = { etag: BLOB, 'x-checksum-sha1': BLOB };
  t.equal(factsOf([head(200, sums, 1)], COMMIT), undefined);
  const both = { ...sums, 'x-checksum-sha256': SHA256 };
  t.match(factsOf([head(200, both, 1)], COMMIT), { digest: { algorithm: 'sha256', hex: SHA256 } });
  t.end();
});

t.test('a redirect to a host that is not allowed is named, with the setting', (t) => {
  const away = head(307, { location: 'https://elsewhere.example/a/b' }, 0);
  t.match(missingOf([away], 'main'), /elsewhere\.example.*redirectHosts/);
  const linked = head(302, { location: 'https://cdn.example/a', 'x-linked-etag': '"a"' }, 0);
  t.notMatch(missingOf([linked], 'main'), 'redirectHosts', 'that leads to the bytes');
  t.notMatch(missingOf([head(307, { location: '/b' }, 0)], 'main'), 'redirectHosts');
  t.end();
});

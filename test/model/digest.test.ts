import t from 'tap';
import { formatDigest, parseDigest } from '#src/model/digest.js';

const HEX = '0123456789abcdef'.repeat(4);

t.test('parseDigest reads what formatDigest writes', async (t) => {
  for (const algorithm of ['sha256', 'blake3'] as const) {
    t.same(parseDigest(formatDigest({ algorithm, hex: HEX })), { algorithm, hex: HEX });
  }
  const git = { algorithm: 'git-sha1', hex: HEX.slice(24) } as const;
  t.same(parseDigest(formatDigest(git)), git);
  t.same(parseDigest(`SHA256:${HEX.toUpperCase()}`), { algorithm: 'sha256', hex: HEX });
});

t.test('parseDigest returns undefined for any other text', async (t) => {
  for (const text of [
    '',
    HEX,
    `md5:${HEX}`,
    `sha256:${HEX.slice(1)}`,
    `sha256:${HEX}0`,
    `sha256: ${HEX}`,
    `sha256:${HEX}\n`,
    `git-sha1:${HEX}`,
    `git-sha1:${HEX.slice(25)}`,
    `blake3:${HEX.slice(24)}`,
    `sha256:${'g'.repeat(64)}`,
  ]) {
    t.equal(parseDigest(text), undefined, JSON.stringify(text));
  }
});

import { createHash } from 'node:crypto';
import t from 'tap';
import { withDigestFields } from '#src/cache/object/digest-fields.js';
import { toHeaderMap } from '#src/model/headers.js';
import { describe, startForebay } from '../../fixtures/running.js';
import { ownDirectory } from '../../fixtures/own-directory.js';
import { bytesOf, fresh, runOrigin } from '../../fixtures/running-origin.js';

const BYTES = Buffer.from('all of it');
const HASH = createHash('sha256').update(BYTES);
const BASE64 = HASH.copy().digest('base64');
const DIGEST = { algorithm: 'sha256', hex: HASH.digest('hex') } as const;
const WRONG = createHash('sha256').update('other').digest('base64');

t.test('a verified SHA-256 is sent in both digest fields, whatever the origin sent', (t) => {
  const fields = toHeaderMap({
    etag: '"a"',
    digest: `SHA-256=${WRONG}`,
    'repr-digest': 'sha-512=:AA==:',
  });
  t.strictSame(
    { ...withDigestFields(fields, { digest: DIGEST, isVerified: true }) },
    {
      etag: '"a"',
      digest: `SHA-256=${BASE64}`,
      'repr-digest': `sha-256=:${BASE64}:`,
    },
  );
  t.equal(fields['digest'], `SHA-256=${WRONG}`, 'what is stored stays as it is');
  t.end();
});

t.test('an unverified digest is not sent; a contradicting field is removed', (t) => {
  const claim = { digest: DIGEST, isVerified: false };
  const plain = toHeaderMap({ etag: '"a"' });
  t.equal(withDigestFields(plain, claim), plain);
  for (const kept of [`SHA-256=${BASE64}`, `md5=AA==, sha-256=${BASE64}`, 'md5=AA==', 'odd']) {
    const fields = toHeaderMap({ digest: kept });
    t.equal(withDigestFields(fields, claim), fields, kept);
  }
  const contradicting = toHeaderMap({
    digest: `md5=AA==, SHA-256=${WRONG}`,
    'repr-digest': `sha-256=:${WRONG}:`,
  });
  t.strictSame({ ...withDigestFields(contradicting, claim) }, {});
  t.end();
});

t.test('other digest algorithms change no digest field', (t) => {
  const fields = toHeaderMap({ digest: `SHA-256=${WRONG}` });
  const git = { algorithm: 'git-sha1', hex: 'ab'.repeat(20) } as const;
  t.equal(withDigestFields(fields, { digest: git, isVerified: true }), fields);
  t.equal(withDigestFields(fields, { digest: null, isVerified: true }), fields);
  t.end();
});

t.test('answers carry them from when the object was checked, also after a restart', async (t) => {
  const hash = createHash('sha256').update(bytesOf(1, 3));
  const base64 = hash.copy().digest('base64');
  const origin = await runOrigin(t, {
    '/a': fresh(1, 3, {
      fields: { Digest: `SHA-256=${WRONG}`, 'Content-Digest': `sha-256=:${WRONG}:` },
    }),
  });
  const digests = [{ pattern: '/a', digest: `sha256:${hash.digest('hex')}` }];
  const directory = ownDirectory(t);
  const run = () => startForebay(t, { origin, originKeys: { digests }, directory });
  const expected = { digest: `SHA-256=${base64}`, 'repr-digest': `sha-256=:${base64}:` };
  const first = await run();
  const miss = await first.get('/a');
  t.equal(miss.headers['repr-digest'], undefined, 'not before it was checked');
  t.equal(miss.headers['digest'], undefined, "nor the origin's, which is wrong");
  for (const asked of [{}, { method: 'HEAD' }, { headers: { range: 'bytes=5-9' } }]) {
    const got = await first.get('/a', asked);
    t.match(got.headers, expected, `${describe(got)} ${JSON.stringify(asked)}`);
    t.equal(got.headers['content-digest'], undefined, 'it was about what came in one answer');
  }
  const unsatisfiable = await first.get('/a', { headers: { range: 'bytes=99999999-' } });
  t.equal(unsatisfiable.status, 416);
  t.equal(unsatisfiable.headers['repr-digest'], undefined, 'a message of ours has none');
  await first.stop();
  const second = await run();
  t.match((await second.get('/a', { method: 'HEAD' })).headers, expected, 'it was recorded');
});

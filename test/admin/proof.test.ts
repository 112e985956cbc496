import t from 'tap';
import { endpointName, isProof, proofOf } from '#src/admin/proof.js';

const PROVEN = { nonce: 'a'.repeat(64), directory: '/cache', address: '127.0.0.1:7081' };

t.test('a proof is valid for one nonce, one cache directory and one address', async (t) => {
  const proof = proofOf('the token', PROVEN);
  t.match(proof, /^[0-9a-f]{64}$/);
  t.ok(isProof('the token', PROVEN, proof));
  t.notOk(isProof('another', PROVEN, proof));
  for (const change of [
    { nonce: 'b'.repeat(64) },
    { directory: '/x' },
    { address: '[::1]:7081' },
  ]) {
    t.notOk(isProof('the token', { ...PROVEN, ...change }, proof));
  }
  for (const offered of ['', proof.slice(1), `${proof}0`, 'é'.repeat(32)]) {
    t.notOk(isProof('the token', PROVEN, offered));
  }
});

t.test('both ends of a connection have the same endpoint name', async (t) => {
  t.equal(endpointName('127.0.0.1', 7081), '127.0.0.1:7081');
  t.equal(endpointName('::ffff:127.0.0.1', 7081), '127.0.0.1:7081');
  t.equal(endpointName('::1', 7081), '[::1]:7081');
  t.equal(endpointName('fe80::1%eth0', 7081), '[fe80::1]:7081');
  t.equal(endpointName(undefined, undefined), ':0');
});

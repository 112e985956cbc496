/** Only the next page is told on, and as ours. */
import t from 'tap';
import { linkForClients, targetBelow } from '#src/hub/link.js';

const HUB = 'https://hub.example';
const OWN = 'http://127.0.0.1:7080';

t.test('the next page', (t) => {
  const page = '/api/models/a/m/tree/main?recursive=true&cursor=a%3D%3D';
  const expected = `<${OWN}${page}>; rel="next"`;
  for (const field of [
    `<${HUB}${page}>; rel="next"`,
    `<${HUB}${page}>;rel=next`,
    `<${page}>; rel="next"`,
    `<${HUB}/x>; rel="xet-auth", <${HUB}${page}>; rel="next"`,
  ]) {
    t.equal(linkForClients(field, HUB, OWN), expected, field);
  }
  t.end();
});

t.test('nothing else', (t) => {
  for (const field of [
    undefined,
    '',
    `<${HUB}/api/x>; rel="xet-auth"`,
    `<${HUB}/api/x>; rel="prev"`,
    'nonsense',
  ]) {
    t.equal(linkForClients(field, HUB, OWN), undefined, String(field));
  }
  t.end();
});

t.test('a listing that goes on elsewhere is a failure: left out, it would be cut short', (t) => {
  for (const url of ['https://elsewhere.example/x', 'https://hub.example.evil/x', 'http://[']) {
    t.throws(() => linkForClients(`<${url}>; rel="next"`, HUB, OWN), { code: 'origin-protocol' });
  }
  t.end();
});

t.test('what a reference means at the hub', (t) => {
  const from = `${HUB}/api/models/old`;
  t.equal(targetBelow('/api/models/new', from, HUB), '/api/models/new');
  t.equal(targetBelow('new?x=1', from, HUB), '/api/models/new?x=1');
  t.equal(targetBelow(`${HUB}/x`, from, HUB), '/x');
  for (const elsewhere of ['//evil.example/x', 'https://hub.example.evil/', 'http://[', 'data:,']) {
    t.equal(targetBelow(elsewhere, from, HUB), undefined, elsewhere);
  }
  t.end();
});

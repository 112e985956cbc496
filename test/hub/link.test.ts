/** Only the next page is told on, and as ours. */
import t from 'tap';
import { linkForClients, ownUrl } from '#src/hub/link.js';
import { toHeaderMap } from '#src/model/headers.js';

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
    '<https://elsewhere.example/x>; rel="next"',
    '<https://hub.example.evil/x>; rel="next"',
    '<http://[>; rel="next"',
    'nonsense',
  ]) {
    t.equal(linkForClients(field, HUB, OWN), undefined, String(field));
  }
  t.end();
});

t.test('what clients call us', (t) => {
  t.equal(ownUrl(toHeaderMap({ host: 'edge:80' })), 'http://edge:80');
  const forwarded = { host: 'edge', 'x-forwarded-proto': 'HTTPS' };
  t.equal(ownUrl(toHeaderMap(forwarded)), 'https://edge');
  t.equal(ownUrl(toHeaderMap({})), '');
  t.end();
});

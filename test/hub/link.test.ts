/** Only the next page is told on, and as ours; a redirect leads on where it leads. */
import t from 'tap';
import { linkForClients, locationForClients } from '#src/hub/link.js';
import { hubNamed } from '../fixtures/hub-named.js';

const HUB = 'https://hub.example';
const OWN = 'http://127.0.0.1:7080';
const UPSTREAM = hubNamed(HUB, ['mirror.example', '*.cdn.example']);

const PAGE = { upstream: UPSTREAM, target: '/api/models/a/m/tree/main', own: OWN };

t.test("a Link to the next page is rewritten to Forebay's own URL", (t) => {
  const page = '/api/models/a/m/tree/main?recursive=true&cursor=a%3D%3D';
  const expected = `<${OWN}${page}>; rel="next"`;
  for (const field of [
    `<${HUB}${page}>; rel="next"`,
    `<${HUB}${page}>;rel=next`,
    `<${page}>; rel="next"`,
    `<${HUB}/x>; rel="xet-auth", <${HUB}${page}>; rel="next"`,
    `<https://huggingface.co${page}>; rel="next"`,
    `<https://hf.co${page}>; rel="next"`,
    `<http://mirror.example:8080${page}>; rel="next"`,
  ]) {
    t.equal(linkForClients(field, PAGE), expected, field);
  }
  t.end();
});

t.test('unescaped UTF-8 in a Link is escaped once', (t) => {
  const field = Buffer.from('</api/模>; rel="next"').toString('latin1');
  t.equal(linkForClients(field, PAGE), `<${OWN}/api/%E6%A8%A1>; rel="next"`);
  t.end();
});

t.test('any other Link field is dropped', (t) => {
  for (const field of [
    undefined,
    '',
    `<${HUB}/api/x>; rel="xet-auth"`,
    `<${HUB}/api/x>; rel="prev"`,
    'nonsense',
  ]) {
    t.equal(linkForClients(field, PAGE), undefined, String(field));
  }
  t.end();
});

t.test('a next page at another host is an error: without it the listing would be cut', (t) => {
  for (const url of [
    'https://elsewhere.example/x',
    'https://hub.example.evil/x',
    'https://huggingface.co.evil/x',
    'https://user@huggingface.co/x',
    'ftp://huggingface.co/x',
    'http://[',
  ]) {
    const field = `<${url}>; rel="next"`;
    t.throws(() => linkForClients(field, PAGE), { code: 'origin-protocol' }, url);
  }
  t.end();
});

t.test('a redirect within the hub is rewritten for the client', (t) => {
  const of = (reference: string) => locationForClients(reference, `${HUB}/v2/a/m`, UPSTREAM);
  t.equal(of('/v2/b/m?x=1'), '/v2/b/m?x=1');
  t.equal(of('./other'), '/v2/a/other');
  t.equal(of(`${HUB}/login#form`), '/login#form');
  t.equal(of('https://huggingface.co/v2/b/m'), '/v2/b/m', 'the Hub behind its mirror');
  const storage = 'https://eu.cdn.example/blob?X-Amz-Signature=1';
  t.equal(of(storage), storage, 'as the hub said it');
  t.equal(of('//elsewhere.example/x'), 'https://elsewhere.example/x');
  t.equal(of('javascript:alert(1)'), undefined);
  t.equal(of('http://['), undefined);
  t.end();
});

t.test('a relative next page is relative to the page', (t) => {
  for (const [reference, target] of [
    ['?cursor=x', '/api/models/a/m/tree/main?cursor=x'],
    ['main?cursor=x', '/api/models/a/m/tree/main?cursor=x'],
    ['./main?cursor=x', '/api/models/a/m/tree/main?cursor=x'],
    ['/api/models?cursor=x', '/api/models?cursor=x'],
  ] as const) {
    t.equal(linkForClients(`<${reference}>; rel="next"`, PAGE), `<${OWN}${target}>; rel="next"`);
  }
  t.end();
});

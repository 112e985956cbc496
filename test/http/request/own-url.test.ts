import t from 'tap';
import { ownUrl } from '#src/http/request/own-url.js';
import { toHeaderMap } from '#src/model/headers.js';

const HOST = { host: 'edge:7080' };

function own(
  fields: Readonly<Record<string, string>>,
  believed: 'any' | 'forwarded' | 'x-forwarded' | 'none' = 'any',
): string {
  return ownUrl(toHeaderMap({ ...HOST, ...fields }), believed);
}

t.test('the own URL is made of Host without forwarding fields', async (t) => {
  t.equal(own({}), 'http://edge:7080');
  t.equal(ownUrl(toHeaderMap({}), 'any'), '');
  t.equal(ownUrl(toHeaderMap({ host: '' }), 'any'), '');
});

t.test('the first member of a forwarding field counts: the proxy nearest the client', async (t) => {
  t.equal(own({ 'x-forwarded-proto': 'HTTPS' }), 'https://edge:7080');
  t.equal(own({ 'x-forwarded-proto': 'https, http' }), 'https://edge:7080');
  t.equal(own({ 'x-forwarded-proto': 'http,https' }), 'http://edge:7080');
  t.equal(own({ 'x-forwarded-proto': ' , https' }), 'https://edge:7080');
  t.equal(own({ 'x-forwarded-host': 'a.example, b.example' }), 'http://a.example');
  t.equal(own({ forwarded: 'for=1;host=a.example;proto=https, host=b' }), 'https://a.example');
  t.equal(own({ forwarded: 'for=1, host=b' }), 'http://edge:7080', 'which need not tell all');
});

t.test('Forwarded is parsed as RFC 7239 defines it and as proxies write it', async (t) => {
  for (const forwarded of [
    'host="a.example:8443";proto=https',
    'Proto=https; Host="a.example:8443"',
    'for="[2001:db8::1]:4711";host="a.example:8443";proto="https"',
    'for="a\\"b, c;d";proto=https;host=a.example:8443',
    ';proto=https;;host="a.example\\:8443";',
    ', proto=https;host=a.example:8443',
    'x-request-id=7;proto=https;port_2=1;host=a.example:8443',
    'by=x\t;\tproto=https ; host=a.example:8443 , host=other',
  ]) {
    t.equal(own({ forwarded }), 'https://a.example:8443', forwarded);
  }
  for (const forwarded of ['host', 'host="a', 'host="a"b', 'h st=a', 'host=a;host=b', '=a']) {
    t.equal(own({ forwarded }), 'http://edge:7080', `nothing is taken of ${forwarded}`);
  }
});

t.test('an invalid host or scheme is ignored: it could end the link', async (t) => {
  for (const host of ['a>; rel="next", <http://evil', 'u@a', 'a b', 'a/b', ':80', '"']) {
    t.equal(own({ 'x-forwarded-host': host }), 'http://edge:7080', host);
    const quoted = host.replaceAll('"', '\\"');
    t.equal(own({ forwarded: `host="${quoted}"` }), 'http://edge:7080', host);
  }
  t.equal(own({ 'x-forwarded-proto': 'javascript' }), 'http://edge:7080');
});

t.test('the configuration decides which forwarding fields count', async (t) => {
  const both = {
    forwarded: 'host=standard;proto=https',
    'x-forwarded-host': 'custom',
    'x-forwarded-proto': 'https',
  };
  t.equal(own(both), 'https://standard');
  t.equal(own(both, 'forwarded'), 'https://standard');
  t.equal(own(both, 'x-forwarded'), 'https://custom');
  t.equal(own(both, 'none'), 'http://edge:7080');
});

t.test('parsing time is linear in the length of a hostile field', async (t) => {
  const took = (length: number): number => {
    const fields = ['a="\\', 'a=;', 'a= \t', ',', '\\"'].map((part) =>
      part.repeat(length / part.length),
    );
    const begin = process.cpuUsage().user;
    for (const field of fields) own({ forwarded: field, 'x-forwarded-host': field });
    return process.cpuUsage().user - begin;
  };
  took(200_000);
  const ratio = took(400_000) / Math.max(1, took(200_000));
  t.ok(ratio < 8, `twice the length took ${ratio.toFixed(1)} times as long`);
});

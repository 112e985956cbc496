import fc from 'fast-check';
import t from 'tap';
import { route } from '#src/http/request/route.js';

const MOUNTS = [
  { name: 'root', mount: '/' },
  { name: 'models', mount: '/models' },
  { name: 'deep', mount: '/models/deep' },
];

function routed(target: string, mounts = MOUNTS): string {
  const result = route(target, mounts);
  return result.kind === 'routed' ? `${result.origin} ${result.target}` : result.reason;
}

t.test('the longest mount by whole segments; the rest as received', (t) => {
  t.equal(routed('/a/b?x=1'), 'root /a/b?x=1');
  t.equal(routed('/models/a'), 'models /a');
  t.equal(routed('/models'), 'models /');
  t.equal(routed('/models?x'), 'models /?x');
  t.equal(routed('/models/'), 'models /');
  t.equal(routed('/modelsX/a'), 'root /modelsX/a');
  t.equal(routed('/models/deep/a%20b'), 'deep /a%20b');
  t.equal(routed('/models/deeper'), 'models /deeper');
  t.equal(routed('/%6dodels/%61'), 'models /%61', 'a mount in another spelling of it');
  t.equal(routed('//models/a'), 'root //models/a', 'which this is not');
  t.equal(routed('/a?q=..%2f..&//'), 'root /a?q=..%2f..&//', 'queries are not paths');
  t.equal(routed('/a', MOUNTS.slice(1)), 'no-such-mount');
  t.equal(routed('/a'.repeat(1000)), `root ${'/a'.repeat(1000)}`);
  t.end();
});

t.test('a Hugging Face revision keeps its encoded slash', (t) => {
  t.equal(routed('/o/m/resolve/refs%2Fpr%2F1/f'), 'root /o/m/resolve/refs%2Fpr%2F1/f');
  t.end();
});

t.test('bytes that a URI must not hold are escaped once; the rest is unchanged', (t) => {
  t.equal(routed('/caf\xe9'), 'root /caf%E9', 'Latin-1');
  t.equal(
    routed(Buffer.from('/模?q=型').toString('latin1')),
    'root /%E6%A8%A1?q=%E5%9E%8B',
    'UTF-8',
  );
  t.equal(routed('/a{b}|"<>^`'), 'root /a%7Bb%7D%7C%22%3C%3E%5E%60');
  t.equal(routed("/a?{b}|'x'"), "root /a?{b}|'x'");
  for (const target of [
    '/a%252Fb',
    '/a%5cb',
    '/https%253A%252F%252Fexample.org.json',
    '/x%255Cy',
    '/v1%252E0',
    '/100%25',
    '/%ff',
    '//host/a',
    '/a//b',
    '/a/',
    '/%e6%A8%a1',
  ]) {
    t.equal(routed(target), `root ${target}`);
  }
  t.equal(routed('/models//host/a'), 'models //host/a');
  t.end();
});

t.test('targets that are not in origin-form have no route', (t) => {
  for (const target of [
    '',
    '*',
    'a',
    'http://host/a',
    'host:80',
    '/a b',
    '/a\r\nx: y',
    '/a\0',
    '/a#f',
    '/a\\b',
  ]) {
    t.equal(routed(target), 'malformed-target', JSON.stringify(target));
  }
  t.end();
});

t.test('ambiguous paths are refused', (t) => {
  for (const target of [
    '/../a',
    '/a/..',
    '/a/./b',
    '/.',
    '/%2e%2e/a',
    '/.%2E/a',
    '/a%2f..%2fb',
    '/..%2fa',
    '/%252e%252e/a',
    '/a%5c..%5cb',
    '/a%255c..%255cb',
    '/..;/a',
    '/a/..;x=1/b',
    '/%25252e%25252e/a',
    '/a%2500',
    '/%25c0%25ae',
    '/a%00',
    '/a%2500',
    '/%c0%ae%c0%ae/a',
    '/a%',
    '/a%zz',
  ]) {
    t.equal(routed(target), 'ambiguous-path', target);
  }
  t.end();
});

t.test('property: never throws; a routed target resolves below its origin, on its host', (t) => {
  const piece = fc.constantFrom(
    '/',
    '.',
    '..',
    '%2e',
    '%2f',
    '%5c',
    '\\',
    '%25',
    '@',
    ':',
    '?',
    'a',
  );
  const hostile = fc.array(piece, { maxLength: 12 }).map((parts) => `/${parts.join('')}`);
  fc.assert(
    fc.property(
      fc.oneof(
        hostile,
        fc.string().map((text) => `/${text}`),
      ),
      (target) => {
        const result = route(target, MOUNTS);
        if (result.kind === 'refused') return true;
        const url = new URL(`http://origin/base${result.target}`);
        return url.host === 'origin' && url.pathname.startsWith('/base/');
      },
    ),
    { numRuns: 1000 },
  );
  t.end();
});

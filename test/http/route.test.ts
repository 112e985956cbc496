import fc from 'fast-check';
import t from 'tap';
import { route } from '#src/http/route.js';

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
  t.equal(routed('/%6dodels/a'), 'root /%6dodels/a', 'encodings are kept, not resolved');
  t.equal(routed('/a?q=..%2f..&//'), 'root /a?q=..%2f..&//', 'queries are not paths');
  t.equal(routed('/a', MOUNTS.slice(1)), 'no-such-mount');
  t.equal(routed('/a'.repeat(1000)), `root ${'/a'.repeat(1000)}`);
  t.end();
});

t.test('a Hugging Face revision with an encoded slash', (t) => {
  t.equal(routed('/o/m/resolve/refs%2Fpr%2F1/f'), 'root /o/m/resolve/refs%2Fpr%2F1/f');
  t.end();
});

t.test('targets that are no origin-form', (t) => {
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
    '/\u00e9',
  ]) {
    t.equal(routed(target), 'malformed-target', JSON.stringify(target));
  }
  t.end();
});

t.test('paths that two servers could read differently', (t) => {
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
    '/a%252fb',
    '/a%5cb',
    '/a%00',
    '/a%2500',
    '/%c0%ae%c0%ae/a',
    '/a%',
    '/a%zz',
    '/%ff',
    '//host/a',
    '/models//host/a',
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
        const bare = new URL(result.target, 'http://origin');
        return url.host === 'origin' && bare.host === 'origin' && url.pathname.startsWith('/base/');
      },
    ),
    { numRuns: 1000 },
  );
  t.end();
});

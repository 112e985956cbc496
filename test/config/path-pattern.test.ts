import t from 'tap';
import { requestedPath, firstFit, PathPattern } from '#src/config/path-pattern.js';

function fits(pattern: string, path: string): boolean {
  return new PathPattern(pattern).fit(requestedPath(path)) !== 'none';
}

t.test('a pattern matches every spelling that a server may treat as its path', async (t) => {
  const spellings = [
    '/llama/model+lora.bin',
    '/llama/model%2Blora.bin',
    '/llama/model%2blor%61.bin',
    '/llama//model+lora.bin',
    '//llama/model+lora.bin',
    '/llama%2Fmodel+lora.bin',
    '/llama%5Cmodel+lora.bin',
    '/llama/model%252Blora.bin',
    '/llama/model%20lora.bin',
    '/llama/model+lora.bin.',
    '/llama/model+lora.bin%20',
    '/llama/model+lora.bin/',
    '/llama/model+lora.bin;v=1',
    '/llama;a=b/model+lora.bin',
  ];
  for (const pattern of [
    '/llama/model+lora.bin',
    '/llama/model%2Blora.bin',
    '/%6clama/model+lora.bin',
    '/llama/*.bin',
    '/llama/mode?+lora.bin',
    '/**',
    '/**/model+lora.bin',
  ]) {
    for (const path of spellings) t.ok(fits(pattern, path), `${pattern} fits ${path}`);
  }
  for (const path of [
    '/llama/model-lora.bin',
    '/llama/model+lora.bin2',
    '/x/model+lora.bin',
    '/',
  ]) {
    t.notOk(fits('/llama/model+lora.bin', path), path);
  }
});

t.test('non-ASCII names match plain and encoded', async (t) => {
  for (const pattern of ['/模型/é.bin', '/%E6%A8%A1%E5%9E%8B/%C3%A9.bin', '/模型/e\u0301.bin']) {
    t.ok(fits(pattern, '/%E6%A8%A1%E5%9E%8B/%c3%a9.bin'), pattern);
  }
  t.ok(fits('/?', '/%E6%A8%A1'));
  t.ok(fits('/é', '/%E9'), 'Latin-1');
  t.ok(fits('/100%.json', '/100%25.json'));
});

t.test('an encoded slash matches both as part of a name and as a slash', async (t) => {
  t.ok(fits('/m/resolve/*/f', '/m/resolve/refs%2Fpr%2F1/f'));
  t.ok(fits('/m/resolve/*/f', '/m//resolve/refs%2fpr%2f1/f'));
  t.ok(fits('/m/resolve/refs/pr/1/f', '/m/resolve/refs%2Fpr%2F1/f'));
  t.ok(fits('/m/resolve/refs%2Fpr%2F1/f', '/m/resolve/refs/pr/1/f'));
  t.ok(fits('/a/*/b', '/a//b'), 'a name may be empty where slashes are not merged');
});

t.test('an encoded wildcard is no wildcard', async (t) => {
  t.ok(fits('/a%2A', '/a*'));
  t.notOk(fits('/a%2A', '/ab'));
  t.notOk(fits('/a%3F', '/ab'));
});

t.test('the first matching pattern decides, unless another is exactly this path', async (t) => {
  const entries = ['/a+b', '/a b', '/a%2Bb', '/**'].map((text) => ({
    text,
    pattern: new PathPattern(text),
  }));
  const found = (path: string): string | undefined => firstFit(entries, requestedPath(path))?.text;
  t.equal(found('/a+b'), '/a+b');
  t.equal(found('/a%20b'), '/a b');
  t.equal(found('/a%2bb'), '/a%2Bb');
  t.equal(found('/a%252Bb'), '/a+b', 'nothing names it: the first, not the last resort');
  t.equal(found('/c'), '/**');
  t.equal(firstFit(entries.slice(0, 1), requestedPath('/c'))?.text, undefined);
});

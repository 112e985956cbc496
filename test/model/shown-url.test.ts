import t from 'tap';
import { hasHidden, pathAlone, shownText, shownUrl } from '#src/model/shown-url.js';

t.test('shownUrl removes query and credentials from a URL', (t) => {
  for (const [url, shown] of [
    ['/model.bin', '/model.bin'],
    ['/model.bin?X-Amz-Signature=s', '/model.bin?…'],
    ['/model.bin?', '/model.bin?…'],
    ['/model.bin#token', '/model.bin'],
    ['/model.bin#a?b', '/model.bin'],
    ['https://user:secret@host.example/a?b', 'https://host.example/a?…'],
    ['https://a@b@host.example', 'https://host.example'],
    ['https://host.example/a@b', 'https://host.example/a@b'],
    ['/a@b://c@d', '/a@b://d'],
    ['', ''],
  ] as const) {
    t.equal(shownUrl(url), shown, url);
    t.equal(hasHidden(url), url !== shown, url);
  }
  t.equal(pathAlone('/a/b?c?d#e'), '/a/b');
  t.end();
});

t.test('shown text removes them from URLs within a sentence too', (t) => {
  t.equal(
    shownText('cannot read https://u:p@h.example/a?sig=1, nor (/b?sig=2)'),
    'cannot read https://h.example/a?… nor (/b?…',
  );
  t.equal(shownText('is it so? yes'), 'is it so? yes');
  t.end();
});

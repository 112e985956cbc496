import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkFormat } from '#src/store/directory/format-file.js';
import { Layout } from '#src/store/directory/layout.js';

const CHUNK_BYTES = 1 << 20;

t.test('the format file is written into an empty directory and accepted afterwards', (t) => {
  const layout = new Layout(t.testdir({ lock: '', 'lost+found': {} }));
  checkFormat(layout, CHUNK_BYTES);
  t.equal(readFileSync(layout.format, 'utf8'), '{"format":1,"chunkSizeBytes":1048576}\n');
  t.equal(statSync(layout.format).mode & 0o777, 0o600);
  checkFormat(layout, CHUNK_BYTES);
  t.end();
});

t.test('another format or chunk size is refused, by name', (t) => {
  const layout = new Layout(t.testdir({}));
  checkFormat(layout, CHUNK_BYTES);
  const check = (chunkSizeBytes: number) => () => {
    checkFormat(layout, chunkSizeBytes);
  };
  t.throws(check(2 * CHUNK_BYTES), {
    code: 'cache-chunk-size',
    path: layout.format,
    message: /1048576 bytes, not 2097152/,
  });
  writeFileSync(layout.format, '{"format":7,"chunkSizeBytes":1048576}');
  t.throws(check(CHUNK_BYTES), { code: 'cache-format', message: /format 7/ });
  t.end();
});

t.test('a torn file is written anew', (t) => {
  for (const torn of ['', '{"form', 'null', '[]', '{"format":"1"}']) {
    const layout = new Layout(t.testdir({ 'forebay.json': torn, chunks: {} }));
    checkFormat(layout, CHUNK_BYTES);
    t.match(readFileSync(layout.format, 'utf8'), /"format":1/);
  }
  t.end();
});

t.test('a directory with foreign files is left alone', (t) => {
  const layout = new Layout(t.testdir({ tmp: { 'important.txt': 'keep' } }));
  t.throws(
    () => {
      checkFormat(layout, CHUNK_BYTES);
    },
    { code: 'cache-format', message: /has a tmp but no forebay\.json/ },
  );
  t.equal(readFileSync(join(layout.tmp, 'important.txt'), 'utf8'), 'keep');
  t.end();
});

import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readFileNoFollow } from '#src/store/read-file.js';

t.test('reads a file, and no symlink to one', (t) => {
  const directory = t.testdir({ file: 'content' });
  t.equal(readFileNoFollow(join(directory, 'file')).toString(), 'content');
  symlinkSync(join(directory, 'file'), join(directory, 'link'));
  t.throws(() => readFileNoFollow(join(directory, 'link')), { code: 'ELOOP' });
  t.throws(() => readFileNoFollow(join(directory, 'none')), { code: 'ENOENT' });
  t.end();
});

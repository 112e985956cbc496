import { join } from 'node:path';
import t from 'tap';
import { checkFileSystem, checkSpace, existingDirectory } from '#src/cli/doctor/file-system.js';
import { doctored } from '../../fixtures/doctored-config.js';

const GIB = 2 ** 30;

t.test('the file system check judges each kind of file system', async (t) => {
  const status = (type: number) => checkFileSystem('/', () => type).status;
  t.equal(status(0xef53), 'ok');
  t.equal(status(0x6969), 'warn', 'nfs');
  t.equal(status(0x01021994), 'warn', 'tmpfs');
  t.equal(status(0x794c7630), 'warn', 'overlayfs');
  t.equal(status(0xff534d42 | 0), 'warn', 'cifs, as a signed number');
  t.match(
    checkFileSystem('/', () => 0x1234),
    { status: 'ok', found: /unknown kind \(0x1234\)/ },
  );
});

t.test('a missing directory is judged by the nearest existing parent', async (t) => {
  const directory = t.testdir();
  t.equal(existingDirectory(join(directory, 'a/b')), directory);
  t.match(checkFileSystem(join(directory, 'a/b')), { found: new RegExp(`of ${directory}$`) });
});

t.test('checkSpace compares free and held bytes with the capacity', async (t) => {
  const capacity = doctored({ cache: { directory: '/c', capacity: '10GiB' } });
  const status = (free: number, held: number) =>
    checkSpace(capacity, { freeBytes: () => free, heldBytes: () => held }).status;
  t.equal(status(10 * GIB, 0), 'ok');
  t.equal(status(4 * GIB, 6 * GIB), 'ok', 'what is held counts');
  t.equal(status(9 * GIB, 0), 'warn');
  t.equal(status(127 * 2 ** 20, 0), 'fail', '16 chunks of 8 MiB are the least');
});

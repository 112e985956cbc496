/**
 * System calls of the disk that fail under the running program, injected by libfiu where it is
 * installed: writes without space, writes and renames with input/output errors. Reads are left
 * alone: Node loads its own modules by the same call.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { get } from '../fixtures/program-client.js';
import { startScene } from '../fixtures/program-scene.js';

const MEBIBYTE = 1024 * 1024;
const SEED = 25;
const LENGTH = 12 * MEBIBYTE + 4097;

/** errno of Linux on x64 and arm64. */
const EIO = 5;
const ENOSPC = 28;

/** Where Debian's fiu-utils puts its libraries; another place is named by the variable. */
const LIBRARIES = process.env['FIU_LIBRARY_PATH'] ?? '/usr/lib/fiu';
const preload = ['fiu_run_preload.so', 'fiu_posix_preload.so'].map((name) => join(LIBRARIES, name));
const skip = preload.every((path) => existsSync(path)) ? false : 'libfiu is not installed';

/** Environment in which libfiu obeys `command`, given without its name and errno. */
function failing({ how, call, errno }: Case): Record<string, string> {
  const libraryPath = process.env['LD_LIBRARY_PATH'];
  const [command, ...options] = how;
  const parameters = [`name=posix/${call}`, `failinfo=${String(errno)}`, ...options];
  return {
    LD_PRELOAD: preload.join(' '),
    ...(libraryPath !== undefined && { LD_LIBRARY_PATH: libraryPath }),
    FIU_ENABLE: `${command} ${parameters.join(',')}`,
  };
}

interface Case {
  readonly name: string;
  /** libfiu's name of the call. */
  readonly call: string;
  readonly errno: number;
  /** libfiu's command and what it takes beside the name. */
  readonly how: readonly [command: string, ...options: string[]];
}

/**
 * A chunk that moves to memory is written by the same call as one on disk, in hundreds of pieces:
 * if more than one failed, so would memory, which it never does.
 */
const ONCE = ['enable', 'onetime'] as const;

const cases: readonly Case[] = [
  { name: 'a write finds no space', call: 'io/rw/pwrite', errno: ENOSPC, how: ONCE },
  { name: 'a write fails', call: 'io/rw/pwrite', errno: EIO, how: ONCE },
  {
    name: 'half of all renames fail',
    call: 'io/dir/rename',
    errno: EIO,
    how: ['enable_random', 'probability=0.5'],
  },
];

for (const fault of cases) {
  t.test(fault.name, { skip }, async (t) => {
    const scene = await startScene(t, {
      seed: SEED,
      lengthBytes: LENGTH,
      env: failing(fault),
    });
    const { program, url, isRight } = scene;
    const got = await Promise.all([get(url), get(url)]);
    t.ok(got.every(isRight), 'right bytes for two at once');
    t.ok(isRight(await get(url)), 'and once more');
    t.equal((await get(`${program.adminUrl}/readyz`)).status, 200, 'ready');
    t.ok((await program.metric('forebay_disk_errors_total')) > 0, 'and the failures are counted');
    t.equal(await program.stop(), 0);
  });
}

/**
 * A memory cgroup below this process's own, for servers that are to have less memory than the
 * machine: page cache that they fill counts. Version 1 and 2; where neither can be written, nothing
 * is made.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface MemoryCgroup {
  /** Goes before a command that is to run in it. */
  readonly prefix: readonly string[];
  /** Call it when its processes have ended. */
  remove(): void;
}

/** `undefined` where cgroups cannot be written here. */
export function makeMemoryCgroup(name: string, limitBytes: number): MemoryCgroup | undefined {
  const own = readFileSync('/proc/self/cgroup', 'utf8');
  const path1 = /^\d+:(?:[\w,]+,)?memory(?:,[\w,]+)?:(.*)$/m.exec(own)?.[1];
  const path2 = /^0::(.*)$/m.exec(own)?.[1];
  const candidates = [
    path1 === undefined
      ? undefined
      : { parent: join('/sys/fs/cgroup/memory', path1), limit: 'memory.limit_in_bytes' },
    path2 === undefined
      ? undefined
      : { parent: join('/sys/fs/cgroup', path2), limit: 'memory.max' },
  ];
  for (const candidate of candidates) {
    if (candidate === undefined) continue;
    const directory = join(candidate.parent, name);
    try {
      mkdirSync(directory);
    } catch {
      continue;
    }
    try {
      // Writing would make an ordinary file where this is no cgroup at all.
      if (!existsSync(join(directory, candidate.limit))) throw new Error('no memory controller');
      writeFileSync(join(directory, candidate.limit), String(limitBytes));
      const enter = 'echo $$ > "$0" && exec "$@"';
      return {
        prefix: ['sh', '-c', enter, join(directory, 'cgroup.procs')],
        remove: () => {
          remove(directory);
        },
      };
    } catch {
      remove(directory);
    }
  }
  return undefined;
}

function remove(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // A process may still be leaving: an empty cgroup costs nothing.
  }
}

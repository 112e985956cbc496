/** Facts of the machine that figures depend on; none that name it. */
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, release, totalmem } from 'node:os';
import { native } from '#src/compute/native.js';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly architecture: string;
  readonly kernel: string;
  readonly fileSystem: string;
  readonly node: string;
  readonly blake3: string;
}

/** `directory` is where the caches are. */
export function machine(directory: string): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    architecture: arch(),
    // The version alone: what follows may name who built it.
    kernel: /^[\d.]+/.exec(release())?.[0] ?? 'unknown',
    fileSystem: fileSystemOf(directory),
    node: process.version,
    blake3: native.simd(),
  };
}

/** The type of the file system with the longest mount point above `directory`. */
function fileSystemOf(directory: string): string {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([, point, type]) =>
      point === undefined || type === undefined ? [] : [{ point, type }],
    )
    .filter(({ point }) => point === '/' || `${directory}/`.startsWith(`${point}/`))
    .sort((a, b) => b.point.length - a.point.length);
  return mounts[0]?.type ?? 'unknown';
}

/**
 * What a peer is: something that answers the bench's requests, and how to find, configure and start
 * it.
 */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { promisify } from 'node:util';
import type { LongRunning, Processes } from '../harness/processes.js';

/**
 * static: serves files that are put into its directory. cache: fetches from the origin. download:
 * fetches from the origin and keeps a file; serves nobody. origin: the bench's own, asked directly.
 */
export type Role = 'static' | 'cache' | 'download' | 'origin';

export type Found =
  | { readonly kind: 'installed'; readonly version: string }
  /** How to install it. */
  | { readonly kind: 'missing'; readonly remedy: string };

export interface StartContext {
  /** Its own, empty at the first start; kept between starts where that is measured. */
  readonly directory: string;
  readonly originPort: number;
  /** What it may store, at least. */
  readonly capacityBytes: number;
  /** Where files with the objects' bytes lie, as `objects/N`: for static peers. */
  readonly filesDirectory: string;
  readonly processes: Processes;
  /** Goes before its command: a memory cgroup, or nothing. */
  readonly prefix: readonly string[];
}

export interface RunningPeer {
  readonly port: number;
  /** The root of its process tree. */
  readonly process: LongRunning;
}

export interface Peer {
  readonly name: string;
  /** One line for reports: what is particular about its configuration. */
  readonly configuration: string;
  readonly role: Role;
  /** Whether it still has its objects after a restart. */
  readonly persistent: boolean;
  /**
   * It may take longer for one answer than a trial lasts, and would still be at the answers that
   * were broken off in the next: a trial of reading ends when each connection has had one.
   */
  readonly isSlow?: boolean;
  /** What stands before `/objects/N` in its URLs. */
  readonly pathPrefix?: string;
  find(): Promise<Found>;
  start(context: StartContext): Promise<RunningPeer>;
}

const run = promisify(execFile);

/** The longest that a program may take to say its version. */
const VERSION_TIMEOUT_MS = 10_000;

/** Asks a program for its version; the first match of `pattern`'s group in what it prints. */
export async function findProgram(
  program: string,
  args: readonly string[],
  pattern: RegExp,
  remedy: string,
): Promise<Found> {
  try {
    const { stdout, stderr } = await run(program, [...args], {
      timeout: VERSION_TIMEOUT_MS,
      env: systemEnvironment(),
    });
    const version = pattern.exec(`${stdout}\n${stderr}`)?.[1];
    return { kind: 'installed', version: version ?? 'unknown' };
  } catch {
    return { kind: 'missing', remedy };
  }
}

/** Servers are installed in sbin, which is not in everybody's PATH. */
export function systemEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin:/usr/local/sbin` };
}

/**
 * Started by root, some peers change to a user of their own, who must reach and write their files.
 */
export function openToAll(...paths: readonly string[]): void {
  if (process.getuid?.() !== 0) return;
  for (const path of paths) if (existsSync(path)) chmodSync(path, 0o777);
}

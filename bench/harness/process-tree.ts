/**
 * What a process and all its descendants cost, from /proc (proc_pid_stat(5), proc_pid_status(5)).
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** USER_HZ: the kernel's interface has had 100 on every platform that Forebay runs on. */
const TICKS_PER_SECOND = 100;

/** Fields of /proc/PID/stat after the command's name, counted from 0. */
const PARENT_FIELD = 1;
const CPU_FIELDS = [11, 12, 13, 14];

export interface TreeCost {
  /** User and system time of all that live, and of those that ended and were waited for. */
  readonly cpuSeconds: number;
  /**
   * The sum of what each had resident at its largest, since `resetPeaks`: an upper bound, as pages
   * that they share count for each.
   */
  readonly peakRssBytes: number;
}

/** The process and its descendants. */
export function treeOf(root: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(statFields(Number(name))?.[PARENT_FIELD] ?? NaN);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree: number[] = [];
  const visit = (pid: number): void => {
    tree.push(pid);
    for (const child of children.get(pid) ?? []) visit(child);
  };
  visit(root);
  return tree;
}

export function treeCost(root: number): TreeCost {
  let ticks = 0;
  let peakRssBytes = 0;
  for (const pid of treeOf(root)) {
    const fields = statFields(pid);
    for (const index of CPU_FIELDS) ticks += Number(fields?.[index] ?? 0);
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${String(pid)}/status`) ?? '')?.[1];
    peakRssBytes += Number(peak ?? 0) * 1024;
  }
  return { cpuSeconds: ticks / TICKS_PER_SECOND, peakRssBytes };
}

/** Lets peaks begin anew, so that they are those of one trial. */
export function resetPeaks(root: number): void {
  for (const pid of treeOf(root)) {
    try {
      writeFileSync(`/proc/${String(pid)}/clear_refs`, '5');
    } catch {
      // Gone, or not ours: its peak is then that of its whole life, which is no smaller.
    }
  }
}

/** Fields after the name, which is in parentheses and may hold anything. */
function statFields(pid: number): readonly string[] | undefined {
  const text = read(`/proc/${String(pid)}/stat`);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

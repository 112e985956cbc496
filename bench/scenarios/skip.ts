/** Why a scenario cannot be run on this machine. */
import { makeMemoryCgroup } from '../harness/memory-cgroup.js';
import type { Scenario } from './scenario.js';

/** `null` when it can. */
export function whySkipped(scenario: Scenario): string | null {
  if (scenario.kind !== 'read' || scenario.memoryLimitBytes === undefined) return null;
  const name = `forebay-bench-${String(process.pid)}-try`;
  const cgroup = makeMemoryCgroup(name, scenario.memoryLimitBytes);
  cgroup?.remove();
  return cgroup === undefined ? 'memory cgroups cannot be written here' : null;
}

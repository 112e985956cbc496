/** One report out of several, each of other scenarios: a whole run may be made in parts. Pure. */
import type { Report } from './report.js';

/** Why they cannot be joined, or what they are together: of each scenario the first that ran it. */
export function joinReports(reports: readonly Report[]): Report | string {
  const [first] = reports;
  if (first === undefined) return 'there is nothing to join';
  for (const { machine, settings } of reports) {
    const isSame = (one: object, other: object): boolean =>
      JSON.stringify(one) === JSON.stringify(other);
    if (!isSame(machine, first.machine)) return 'they are of different machines';
    if (!isSame(settings, first.settings)) return 'they have different rounds, seconds or sizes';
  }
  const from = new Map<string, Report>();
  for (const report of reports) {
    for (const { name, skipped } of report.scenarios) {
      const known = from.get(name)?.scenarios.find((one) => one.name === name);
      if (known === undefined || (known.skipped !== null && skipped === null)) {
        from.set(name, report);
      }
    }
  }
  return {
    ...first,
    peers: peersOf(reports),
    scenarios: [...from].flatMap(([name, { scenarios }]) =>
      scenarios.filter((one) => one.name === name),
    ),
    trials: [...from].flatMap(([name, { trials }]) =>
      trials.filter(({ scenario }) => scenario === name),
    ),
  };
}

/** Each once, as installed where any of them found it. */
function peersOf(reports: readonly Report[]): Report['peers'] {
  const all = reports.flatMap(({ peers }) => peers);
  const names = [...new Set(all.map(({ name }) => name))];
  return names.flatMap((name) => {
    const told = all.filter((peer) => peer.name === name);
    return told.find(({ remedy }) => remedy === null) ?? told[0] ?? [];
  });
}

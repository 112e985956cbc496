/**
 * Runs the programs that measure without peers, each a process of its own, and reads what they
 * print.
 */
import { fileURLToPath } from 'node:url';
import type { Stage } from '../harness/stage.js';
import type { Metrics } from '../report/metrics.js';
import type { SoloScenario } from './scenario.js';

/** Making 100,000 files is the longest of what they do. */
const TIMEOUT_MS = 300_000;

/** What each thing that was compared came to, by its name. */
export type SoloResults = Readonly<Record<string, Metrics>>;

export async function runSolo(stage: Stage, { program }: SoloScenario): Promise<SoloResults> {
  switch (program) {
    case 'limits':
      return limits(stage);
    case 'blake3': {
      const { forebayGBps, napiRsGBps } = (await script(stage, '../blake3.js', ['--json'])) as {
        readonly forebayGBps: number;
        readonly napiRsGBps: number;
      };
      return {
        forebay: { gigabytesPerSecond: forebayGBps },
        'napi-rs': { gigabytesPerSecond: napiRsGBps },
      };
    }
    case 'plan':
    case 'index':
      return (await script(stage, `../micro/${program}.js`, quickFlag(stage))) as SoloResults;
    case 'startup': {
      const args = ['--directory', stage.directory, ...quickFlag(stage)];
      return (await script(stage, '../micro/startup.js', args)) as SoloResults;
    }
  }
}

async function limits(stage: Stage): Promise<SoloResults> {
  const { objectBytes } = stage.settings;
  const command = [stage.tools.limits, '--directory', stage.directory];
  const out = await stage.processes.run([...command, '--bytes', String(objectBytes)], TIMEOUT_MS);
  const found = JSON.parse(out) as Readonly<Record<string, number | Metrics>>;
  return Object.fromEntries(
    Object.entries(found)
      .filter(([name]) => name !== 'cores' && name !== 'bytes')
      .map(([name, value]) => [
        name,
        typeof value === 'number' ? { gigabytesPerSecond: value } : value,
      ]),
  );
}

async function script(stage: Stage, path: string, args: readonly string[]): Promise<unknown> {
  const file = fileURLToPath(new URL(path, import.meta.url));
  const command = [process.execPath, '--expose-gc', file, ...args];
  return JSON.parse(await stage.processes.run(command, TIMEOUT_MS));
}

function quickFlag({ settings }: Stage): readonly string[] {
  return settings.quick ? ['--quick'] : [];
}

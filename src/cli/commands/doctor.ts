/** `forebay doctor`: checks the machine and the configuration, and advises what to change. */
import { Command } from 'commander';
import { type Capacity, resolveCapacity } from '../../config/capacity.js';
import { loadConfig } from '../../config/load.js';
import type { Clock } from '../../model/time.js';
import type { CommandContext } from '../context.js';
import type { Finding, FindingStatus } from '../doctor/finding.js';
import { EXIT_FAILED } from '../exit-codes.js';
import { commonFlags, settingTexts, withSettings } from '../options.js';
import { Output, type Style } from '../output.js';

const STYLES: Readonly<Record<FindingStatus, Style>> = { ok: 'green', warn: 'yellow', fail: 'red' };

export function doctorCommand({ terminal, clock, end }: CommandContext): Command {
  return withSettings(new Command('doctor'))
    .description('Check this machine, its disk and the origins, and advise what to change.')
    .allowExcessArguments(false)
    .action(async (_options: object, command: Command) => {
      const output = new Output(terminal, commonFlags(command));
      const capacity = resolveCapacity(
        loadConfig({ flags: settingTexts(command), env: terminal.env }),
      );
      const findings = await examine(capacity, clock);
      const failed = findings.some(({ status }) => status === 'fail');
      output.result({ ok: !failed, checks: findings }, () => findingLines(findings, output));
      if (failed) end(EXIT_FAILED);
    });
}

/** Runs every check. The disk is measured first, while no other check runs. */
async function examine(capacity: Capacity, clock: Clock): Promise<readonly Finding[]> {
  // Imported here, as these modules load the addon, which other commands do not need.
  const { checkDiskSpeed } = await import('../doctor/disk-speed.js');
  const { checkFileSystem, checkSpace, existingDirectory } =
    await import('../doctor/file-system.js');
  const { checkLimits, readSystemFile } = await import('../doctor/limits.js');
  const { checkAddresses, checkLock } = await import('../doctor/listeners.js');
  const { checkMachine, thisMachine } = await import('../doctor/machine.js');
  const { checkOrigins, checkRoots } = await import('../doctor/origins.js');
  const { systemStore } = await import('../../origin/roots.js');
  const { probeLock } = await import('../../store/directory/lock-probe.js');
  const { systemCalls } = await import('../../compute/native.js');

  const { config } = capacity;
  const { directory } = config.cache;
  const speed = await checkDiskSpeed(existingDirectory(directory), clock);
  const lock = probeLock(directory, systemCalls);
  return [
    ...checkMachine(thisMachine(clock.now()), config),
    ...checkLimits(config, readSystemFile),
    checkLock(directory, lock),
    ...(await checkAddresses(config, lock)),
    checkFileSystem(directory),
    checkSpace(capacity),
    ...speed,
    ...checkRoots(systemStore(process.env)),
    ...(await checkOrigins(config, clock)),
  ];
}

/** Returns a line for each finding, followed by its advice, if any. */
function findingLines(findings: readonly Finding[], output: Output): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings
    .flatMap(({ check, status, found, advice }) => [
      `${output.paint(STYLES[status], status.padEnd(4))}  ${check.padEnd(width)}  ${found}`,
      ...(advice === null ? [] : [`${' '.repeat(width + 8)}-> ${advice}`]),
    ])
    .join('\n');
}

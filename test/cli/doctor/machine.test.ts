import t from 'tap';
import { checkMachine, type Machine, thisMachine } from '#src/cli/doctor/machine.js';
import { doctored } from '../../fixtures/doctored-config.js';

const GOOD: Machine = {
  platform: 'linux',
  nodeVersion: '20.20.2',
  simd: 'avx2',
  cores: 8,
  memoryBytes: 16 * 2 ** 30,
  memoryIsLimited: false,
  nowMs: Date.UTC(2026, 5, 1),
};

function statuses(machine: Partial<Machine>): Record<string, string> {
  const findings = checkMachine({ ...GOOD, ...machine }, doctored().config);
  for (const { status, advice } of findings) t.equal(advice === null, status === 'ok');
  return Object.fromEntries(findings.map(({ check, status }) => [check, status]));
}

t.test('every machine check is ok on a suitable machine', async (t) => {
  t.same(statuses({}), { node: 'ok', blake3: 'ok', memory: 'ok', clock: 'ok' });
});

t.test('machine checks report each unsuitable property', async (t) => {
  t.match(statuses({ nodeVersion: '18.0.0' }), { node: 'fail' });
  t.match(statuses({ cores: 1 }), { node: 'warn' });
  t.match(statuses({ simd: 'portable' }), { blake3: 'warn' });
  t.match(statuses({ nowMs: 0 }), { clock: 'fail' });
  // 256 MiB to begin with, 256 MiB of chunks in memory, 32 lanes of 4 MiB.
  const needMiB = 256 + 256 + 128;
  t.match(statuses({ memoryBytes: needMiB * 2 ** 20 - 1 }), { memory: 'fail' });
  t.match(statuses({ memoryBytes: needMiB * 2 ** 20 }), { memory: 'warn' });
  t.match(statuses({ memoryBytes: needMiB * 2 ** 21 }), { memory: 'ok' });
});

t.test('thisMachine reads the values of the running machine', async (t) => {
  t.match(thisMachine(5), { platform: process.platform, nowMs: 5 });
  t.ok(thisMachine(5).memoryBytes > 0);
});

/** Connections within the machine are not paced, whatever the system's congestion control is. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { openLine, startPump } from '../fixtures/pumping.js';

/** What `ss` says of a connection; `null` where there is no `ss`. */
function socketInformation(port: number): string | null {
  try {
    return execFileSync('ss', ['-tinH', `sport = :${String(port)}`], { encoding: 'utf8' });
  } catch {
    return null;
  }
}

function isDefault(congestionControl: RegExp): boolean {
  const file = '/proc/sys/net/ipv4/tcp_congestion_control';
  return congestionControl.test(readFileSync(file, 'utf8'));
}

t.test('BBR is removed from a connection to this machine, and nothing else changes', async (t) => {
  const line = await openLine(t);
  const { port } = line.near.address() as AddressInfo;
  const before = socketInformation(port);
  if (before === null) {
    t.pass('there is no ss');
    return;
  }
  const transfer = startPump(t, 1).begin(line.fd);
  const after = socketInformation(port) ?? '';
  if (isDefault(/^bbr/)) {
    t.match(before, /\bbbr/);
    t.match(after, /\breno\b/);
    t.notMatch(after, /\bbbr/);
  } else {
    const [name = ''] = /\b(?:cubic|reno|dctcp|vegas|westwood)\b/.exec(before) ?? [];
    t.match(after, new RegExp(`\\b${name}\\b`));
  }
  transfer.finish();
  t.same(await transfer.ended(), { kind: 'complete' });
});

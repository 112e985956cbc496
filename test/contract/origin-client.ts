/**
 * What every `OriginClient` must do, run against each implementation over a scripted origin. The
 * capabilities name the few points on which they may differ.
 */
import type { Test } from 'tap';
import { originBodies } from './origin-client-bodies.js';
import { originConnections } from './origin-client-connections.js';
import { originFaults } from './origin-client-faults.js';
import { originTimers } from './origin-client-timers.js';
import type { ClientUnderTest } from './origin-client-subject.js';

/** Runs the whole suite as subtests of `t`. */
export async function originClientContract(t: Test, subject: ClientUnderTest): Promise<void> {
  await t.test('bodies of responses', (u) => originBodies(u, subject));
  await t.test('faults of origins', (u) => originFaults(u, subject));
  await t.test('connections and lanes', (u) => originConnections(u, subject));
  await t.test('timers of a fetch', (u) => originTimers(u, subject));
}

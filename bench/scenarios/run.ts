/** Runs scenarios by groups: round by round, in each round every scenario with every peer. */
import type { Stage } from '../harness/stage.js';
import type { Peer } from '../peers/peer.js';
import type { Trial } from '../report/report.js';
import type { PeerScenario, Scenario, SoloScenario } from './scenario.js';
import { runSolo } from './solo.js';
import { runTrial, takesPart } from './trial.js';

/** What stays between groups: instances that every reading scenario shares. */
const SHARED = 'read';

/** Hears of each trial when it has ended. */
export type Listener = (trial: Trial) => void;

/** A failing trial is recorded, and the run goes on; only an interrupt ends it. */
export async function runScenarios(
  stage: Stage,
  scenarios: readonly Scenario[],
  peers: readonly Peer[],
  onTrial: Listener,
): Promise<readonly Trial[]> {
  const trials: Trial[] = [];
  const record = (trial: Trial): void => {
    trials.push(trial);
    onTrial(trial);
  };
  const groups = [...new Set(scenarios.map(({ group }) => group))];
  for (const group of groups) {
    const members = scenarios.filter((scenario) => scenario.group === group);
    for (let round = 1; round <= stage.settings.rounds; round += 1) {
      for (const scenario of members) {
        await runRound(stage, scenario, rotated(peers, round), round, record);
      }
    }
    // Readers are done when no group after this one reads.
    const later = scenarios.slice(
      scenarios.findLastIndex((scenario) => scenario.group === group) + 1,
    );
    if (!later.some(({ kind }) => kind === 'read')) await stage.dropKept(SHARED);
    await stage.dropKept(group);
  }
  return trials;
}

async function runRound(
  stage: Stage,
  scenario: Scenario,
  peers: readonly Peer[],
  round: number,
  record: Listener,
): Promise<void> {
  if (scenario.kind === 'solo') {
    await runSoloRound(stage, scenario, round, record);
    return;
  }
  for (const peer of peers) {
    if (takesPart(peer, scenario)) record(await tryTrial(stage, scenario, peer, round));
  }
}

async function tryTrial(
  stage: Stage,
  scenario: PeerScenario,
  peer: Peer,
  round: number,
): Promise<Trial> {
  const of = { scenario: scenario.name, peer: peer.name, round };
  try {
    return { ...of, ...(await runTrial(stage, scenario, peer, round)) };
  } catch (error) {
    stage.processes.signal.throwIfAborted();
    return { ...of, metrics: {}, failure: reasonOf(error, stage) };
  }
}

async function runSoloRound(
  stage: Stage,
  scenario: SoloScenario,
  round: number,
  record: Listener,
): Promise<void> {
  try {
    const results = await runSolo(stage, scenario);
    for (const [peer, metrics] of Object.entries(results)) {
      record({ scenario: scenario.name, peer, round, metrics, failure: null });
    }
  } catch (error) {
    stage.processes.signal.throwIfAborted();
    record({
      scenario: scenario.name,
      peer: scenario.program,
      round,
      metrics: {},
      failure: reasonOf(error, stage),
    });
  }
}

/** Each round begins with another peer, so that none is always the one after a certain other. */
function rotated(peers: readonly Peer[], round: number): readonly Peer[] {
  const first = (round - 1) % Math.max(1, peers.length);
  return [...peers.slice(first), ...peers.slice(0, first)];
}

/** Without the paths of this run: results are for others. */
function reasonOf(error: unknown, { directory }: Stage): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replaceAll(directory, '...');
}

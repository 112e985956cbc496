/**
 * Which peers take part in a run: those that were asked for, or all, as far as they are installed.
 */
import type { PeerFacts } from '../report/report.js';
import { PEERS } from './list.js';
import type { Peer } from './peer.js';

export interface Chosen {
  readonly peers: readonly Peer[];
  /** Of all that were wanted, installed or not. */
  readonly facts: readonly PeerFacts[];
}

/** A name that nobody has. */
export class UnknownPeer extends Error {}

/** Rejects with `UnknownPeer`. */
export async function choosePeers(names: readonly string[] | null): Promise<Chosen> {
  const unknown = names?.find((name) => !PEERS.some((peer) => peer.name === name));
  if (unknown !== undefined) {
    const known = PEERS.map(({ name }) => name).join(', ');
    throw new UnknownPeer(`no peer is called ${unknown}; there are ${known}`);
  }
  const wanted = PEERS.filter(({ name }) => names?.includes(name) ?? true);
  const found = await Promise.all(wanted.map(async (peer) => ({ peer, found: await peer.find() })));
  return {
    peers: found.flatMap(({ peer, found: { kind } }) => (kind === 'installed' ? [peer] : [])),
    facts: found.map(({ peer: { name, configuration }, found: result }) => ({
      name,
      configuration,
      version: result.kind === 'installed' ? result.version : null,
      remedy: result.kind === 'missing' ? result.remedy : null,
    })),
  };
}

/**
 * How a Forebay proves to a command that it has the admin token, before the command sends it a
 * secret: any process may hold the port, but only one that knows the token can answer. Pure; both
 * sides use it (admin/routes/proof, cli/admin-client).
 *
 * The answer covers the address and port at which the question came in. A process in between, which
 * forwards the question to the real Forebay, was asked at another one.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { formatAddress } from '../config/kinds.js';

/** Nothing else that is made with the token can be taken for a proof. */
const PURPOSE = 'forebay admin proof 1';

/** What a proof is of. */
export interface Proven {
  /** 64 hex digits that the command made up, so that no earlier answer fits. */
  readonly nonce: string;
  /** Of the cache. */
  readonly directory: string;
  /** As `endpointName` writes it: where the question came in. */
  readonly address: string;
}

/** 64 hex digits: an HMAC under the token. */
export function proofOf(token: string, { nonce, directory, address }: Proven): string {
  const text = JSON.stringify([PURPOSE, nonce, directory, address]);
  return createHmac('sha256', token).update(text).digest('hex');
}

/** True for the proof of just this. */
export function isProof(token: string, proven: Proven, offered: string): boolean {
  const [one, other] = [Buffer.from(offered), Buffer.from(proofOf(token, proven))];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** One name for an end of a connection, from whichever end it is looked at. */
export function endpointName(address: string | undefined, port: number | undefined): string {
  // An IPv4 address as a listener for both families sees it, and the zone, which is each end's own.
  const [bare = ''] = (address ?? '').split('%', 1);
  const host = bare.replace(/^::ffff:(?=[\d.]+$)/i, '');
  return formatAddress({ host, port: port ?? 0 });
}

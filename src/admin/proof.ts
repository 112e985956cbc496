/**
 * Computes the proof by which a Forebay shows a command that it knows the admin token, before the
 * command sends a secret: any process could listen on the port, but only one with the token can
 * compute the proof. Pure; used by both sides (admin/routes/proof, cli/admin-client).
 *
 * The proof contains the address and port at which the request arrived. A process in between that
 * relays the request to the real Forebay listens at another address, so that its proof is wrong.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { formatAddress } from '../config/kinds.js';

/** Distinguishes proofs from all other HMACs under the token. */
const PURPOSE = 'forebay admin proof 1';

/** The content of a proof. */
export interface Proven {
  /** 64 random hex digits of the command's, so that an earlier proof cannot be replayed. */
  readonly nonce: string;
  /** The cache directory. */
  readonly directory: string;
  /** Where the request arrived, in the form of `endpointName`. */
  readonly address: string;
}

/** Returns the proof: an HMAC under the token, in 64 hex digits. */
export function proofOf(token: string, { nonce, directory, address }: Proven): string {
  const text = JSON.stringify([PURPOSE, nonce, directory, address]);
  return createHmac('sha256', token).update(text).digest('hex');
}

/** True when `offered` is the proof of `proven` under the token; compares in constant time. */
export function isProof(token: string, proven: Proven, offered: string): boolean {
  const [one, other] = [Buffer.from(offered), Buffer.from(proofOf(token, proven))];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** Returns one name for an end of a connection, the same as seen from either end. */
export function endpointName(address: string | undefined, port: number | undefined): string {
  // Drops the zone, which differs between the ends, and the prefix that a listener for both IP
  // families sees before an IPv4 address.
  const [bare = ''] = (address ?? '').split('%', 1);
  const host = bare.replace(/^::ffff:(?=[\d.]+$)/i, '');
  return formatAddress({ host, port: port ?? 0 });
}

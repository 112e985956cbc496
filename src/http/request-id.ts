/** Request ids: one name for a request in the client's, our own and the origin's logs. */
import { randomFillSync } from 'node:crypto';

/** Accepted from a client: short, and safe to stand in a header and a log line as it is. */
const ACCEPTABLE = /^[A-Za-z0-9._-]{1,64}$/;

/** 64 random bits: no two requests of one log share them. */
const GENERATED_BYTES = 8;

/** Random bytes drawn at once: asking for a few costs as much as asking for many, some 5 us. */
const drawn = Buffer.alloc(512 * GENERATED_BYTES);
let used = drawn.length;

/** The client's X-Request-Id where it is acceptable, else a new one. */
export function requestId(offered: string | undefined, generate = generateId): string {
  return offered !== undefined && ACCEPTABLE.test(offered) ? offered : generate();
}

function generateId(): string {
  if (used === drawn.length) {
    randomFillSync(drawn);
    used = 0;
  }
  used += GENERATED_BYTES;
  return drawn.toString('hex', used - GENERATED_BYTES, used);
}

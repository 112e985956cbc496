/** Request ids: one name for a request in the client's, our own and the origin's logs. */
import { randomBytes } from 'node:crypto';

/** Accepted from a client: short, and safe in a header field and in a log line. */
const ACCEPTABLE = /^[A-Za-z0-9._-]{1,64}$/;

/** 64 random bits: no two requests of one log share them. */
const GENERATED_BYTES = 8;

/** Ids made at once: drawing 8 random bytes costs as much as drawing thousands, some 5 us. */
const IDS_PER_DRAW = 512;
let drawn = '';
let used = 0;

/** The client's X-Request-Id if it is acceptable, else a new id. */
export function requestId(offered: string | undefined, generate = generateId): string {
  return offered !== undefined && ACCEPTABLE.test(offered) ? offered : generate();
}

function generateId(): string {
  if (used === drawn.length) {
    drawn = randomBytes(IDS_PER_DRAW * GENERATED_BYTES).toString('hex');
    used = 0;
  }
  const start = used;
  used += 2 * GENERATED_BYTES;
  return drawn.slice(start, used);
}

/** Lists flights in the table of fills. Used by cache/fill/fill and cache/fill/intake. */
import { chunkRange } from '../../model/chunk.js';
import type { Flight } from '../flight/flight.js';
import type { LiveObject } from './live-object.js';

/** Lists `flight` until it has ended. */
export function watchFlight(generation: LiveObject, flight: Flight): void {
  const { services, object, lengthBytes, chunkSizeBytes } = generation;
  const { origin, uri } = object.identity;
  const startedAtMs = services.clock.now();
  const range = lengthBytes === null ? null : chunkRange(flight.index, lengthBytes, chunkSizeBytes);
  const entry = services.fills.start((id, nowMs) => {
    const { receivedBytes, verifiedBytes, committedBytes, state } = flight.progress(nowMs);
    return {
      id,
      origin,
      uri,
      startedAtMs,
      chunk: flight.index,
      // In a stream of unknown length, a chunk's length is known when the chunk is filled.
      lengthBytes: range === null ? flight.filledBytes : range.end - range.start,
      receivedBytes,
      verifiedBytes,
      committedBytes,
      state: state ?? { kind: 'done' },
    };
  });
  void flight.whenEnded.then(() => {
    entry.end();
  });
}

/** True once the digest of the whole object was checked. */
export function isAttested(generation: LiveObject): boolean {
  return generation.integrity.state.kind === 'attested';
}

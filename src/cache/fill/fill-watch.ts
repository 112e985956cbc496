/**
 * Enters a flight in the table of fills while it lasts. Called by cache/fill/fill and
 * cache/fill/intake.
 */
import { chunkRange } from '../../model/chunk.js';
import type { Flight } from '../flight/flight.js';
import type { LiveObject } from './live-object.js';

/** Shows `flight` until it has ended. */
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
      // A stream of unknown length knows a chunk's length when the chunk has ended.
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

/** True once a digest was checked that covers every chunk of the object. */
export function isAttested(generation: LiveObject): boolean {
  return generation.integrity.state.kind === 'attested';
}

/**
 * Opens the slot of one chunk: reserves room, creates the watermark and begins the flight. A ranged
 * fill (cache/fill/fill) and an arriving body (cache/fill/intake) both fill their flights this way.
 */
import type { Priority } from '../../compute/fill-pool.js';
import type { ChunkSlot } from '../../compute/protocol.js';
import { type ByteRange, rangeLength } from '../../model/byte-range.js';
import type { ChunkOffset, ObjectOffset } from '../../model/offset.js';
import { orderFrom } from '../../model/write-order.js';
import type { Flight } from '../flight/flight.js';
import type { Filling } from '../flight/flight-progress.js';
import { isAttested } from './fill-watch.js';
import type { LiveObject } from './live-object.js';
import { reserve } from './reserve.js';

/** What a slot compares and withholds until its chunk is complete. */
export type Gate = Pick<ChunkSlot, 'expectedGroupIds' | 'withheld'>;

export interface SlotOptions {
  /** The chunk's bytes in the object. */
  readonly range: ByteRange<ObjectOffset>;
  readonly priority: Priority;
  /** Offset in the chunk of the byte that is needed first. */
  readonly from: ChunkOffset;
  /** Writing begins at a multiple of this; depends on the gate. */
  readonly stepBytes: (gate: Gate) => number;
  /** Called once there is room: the chunk may have become known meanwhile. */
  readonly gate: () => Gate;
  /** Where the fetch reports its phase, if not in the slot's own watermark. */
  readonly fetch?: Filling['fetch'];
  /** True when the slot is of no use any more. Called once there is room. */
  readonly isStopped?: () => boolean;
}

/**
 * Begins `flight` and returns the slot for its worker; `undefined` if the flight ended, or the
 * fetch was stopped, while it waited for room. Rejects as `reserve` does.
 */
export async function openSlot(
  generation: LiveObject,
  flight: Flight,
  options: SlotOptions,
): Promise<ChunkSlot | undefined> {
  const { services } = generation;
  const { range, priority, from, stepBytes, fetch, isStopped } = options;
  const lengthBytes = rangeLength(range);
  const placement = generation.isEphemeral ? 'memory' : undefined;
  const draft = await reserve(services, lengthBytes, priority, placement);
  if (flight.state.kind === 'ended' || isStopped?.() === true) {
    draft.discard();
    return undefined;
  }
  const gate = options.gate();
  const watermark = services.watermarks.create(orderFrom(from, lengthBytes, stepBytes(gate)));
  flight.begin(draft, watermark, {
    ...(fetch === undefined ? {} : { fetch }),
    gated: gate.expectedGroupIds !== null,
    isAttested: () => isAttested(generation),
  });
  return {
    fd: draft.file.fd,
    index: flight.index,
    start: range.start,
    lengthBytes,
    watermark: watermark.shared,
    ...gate,
  };
}

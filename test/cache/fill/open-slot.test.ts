import t from 'tap';
import { type Gate, openSlot, type SlotOptions } from '#src/cache/fill/open-slot.js';
import { Flight } from '#src/cache/flight/flight.js';
import { ForebayError } from '#src/model/errors.js';
import { RUNNING_CHUNK_BYTES as C } from '../../fixtures/running.js';
import { eventually } from '../../fixtures/store-eventually.js';
import { startRoom } from '../../fixtures/running-room.js';

const OPTIONS: SlotOptions = {
  range: { start: C, end: C + 1000 },
  priority: 'demand',
  from: 0,
  stepBytes: () => C,
  gate: () => ({ expectedGroupIds: null, withheld: false }),
};
const ERROR_END = {
  kind: 'failed',
  error: new ForebayError('cancelled', 'x', { source: 'internal', retryable: true }),
} as const;

t.test('a slot names the chunk, its place and its file, and its flight has begun', async (t) => {
  const room = await startRoom(t);
  const generation = await room.open('/a', 2 * C);
  const flight = new Flight(1, () => undefined);
  const slot = await openSlot(generation, flight, OPTIONS);
  t.match(slot, { index: 1, start: C, lengthBytes: 1000, withheld: false, expectedGroupIds: null });
  t.equal(flight.state.kind, 'receiving');
  t.ok(room.chunks.usage().reservedBytes > 0);
  flight.fail(ERROR_END);
  t.ok(await eventually(() => room.chunks.usage().reservedBytes === 0), 'it gives its room back');
  generation.release();
});

t.test('a flight that ended, or a fetch that stopped, meanwhile gets no slot', async (t) => {
  const room = await startRoom(t);
  const generation = await room.open('/a', 2 * C);
  const ended = new Flight(1, () => undefined);
  const opening = openSlot(generation, ended, OPTIONS);
  ended.fail(ERROR_END);
  t.equal(await opening, undefined);
  const stopped = new Flight(0, () => undefined);
  t.equal(await openSlot(generation, stopped, { ...OPTIONS, isStopped: () => true }), undefined);
  t.equal(stopped.state.kind, 'queued');
  t.ok(await eventually(() => room.chunks.usage().reservedBytes === 0), 'it gives its room back');
  generation.release();
});

t.test('the gate is read when there is room, and decides where writing begins', async (t) => {
  const room = await startRoom(t);
  const generation = await room.open('/a', C);
  const flight = new Flight(0, () => undefined);
  const gates: Gate[] = [];
  let isKnown = false;
  const opening = openSlot(generation, flight, {
    ...OPTIONS,
    range: { start: 0, end: C },
    stepBytes: (gate) => {
      gates.push(gate);
      return C;
    },
    gate: () => ({ expectedGroupIds: isKnown ? new Uint8Array(32) : null, withheld: false }),
  });
  isKnown = true;
  t.equal((await opening)?.expectedGroupIds?.length, 32);
  t.equal(gates[0]?.expectedGroupIds?.length, 32);
  flight.fail(ERROR_END);
  generation.release();
});

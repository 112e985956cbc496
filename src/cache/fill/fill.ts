/**
 * Fills one flight by a ranged fetch: reserves room and a lane, sends a worker the task, commits
 * the chunk and ends the flight. Every failure becomes an ending of the flight; nothing is thrown.
 * Called by Generation for the first reader that misses the chunk.
 */
import { originBusy } from '../../origin/breaker.js';
import type { FillResult, FillTask, WrittenChunk } from '../../compute/protocol.js';
import { chunkRange, GROUP_SIZE_BYTES } from '../../model/chunk.js';
import { FILL_START_BYTES } from '../../model/write-order.js';
import {
  type ErrorCode,
  asForebayError,
  errorFromReport,
  ForebayError,
} from '../../model/errors.js';
import type { Span } from '../../model/span.js';
import type { BreakerVerdict } from '../../origin/breaker.js';
import { completeLengthOf } from '../../origin/content-range.js';
import { changed } from './reader-errors.js';
import { aimFill, type FillAim, resolveAgain } from './fill-aim.js';
import { isAttested, watchFlight } from './fill-watch.js';
import type { Flight } from '../flight/flight.js';
import type { LiveObject } from './live-object.js';
import { store, moveDraft } from './commit-chunk.js';
import { type Gate, openSlot } from './open-slot.js';
import { restartStream } from './stream.js';
import { verdictOfError } from '../../origin/verdict.js';
import type { FetchContext } from '../flight/fetch-context.js';

/** Fills `flight` with the requester's credentials. Resolves when the flight has ended. */
export async function runFill(
  generation: LiveObject,
  flight: Flight,
  fetchContext: FetchContext,
): Promise<void> {
  const { upstream } = fetchContext.source;
  watchFlight(generation, flight);
  const permit = upstream.breaker.ask();
  if (permit.kind === 'refused') {
    flight.fail({ kind: 'failed', error: originBusy(upstream.name, permit.retryAfterMs) });
    return;
  }
  let verdict: BreakerVerdict = 'abandoned';
  const span = startSpan(flight, fetchContext);
  let originBytes = 0;
  try {
    const aim = aimFill(generation, fetchContext, flight.span?.traceparent);
    if (upstream.rangeFaults.has(aim.target.url)) {
      stream(generation, flight);
      return;
    }
    const result = await submit(generation, flight, fetchContext, aim);
    ({ originBytes } = result.stats);
    generation.services.events.fetchFinished(upstream.name, result.stats);
    countWaste(generation, result);
    verdict = result.kind === 'failed' ? verdictOfError(result.error) : 'success';
    moveDraft(flight, result.diskFailure);
    await conclude(generation, flight, fetchContext, aim, result);
  } catch (thrown) {
    const error = asForebayError(thrown, 'a fill failed');
    // The leader was cancelled, its worker died, or its read-ahead found no room: another reader
    // may succeed.
    const own =
      error.code === 'cancelled' ||
      error.code === 'internal' ||
      (error.code === 'no-space' && fetchContext.priority === 'read-ahead');
    flight.fail({ kind: own ? 'leader-failed' : 'failed', error });
  } finally {
    permit.settle(verdict);
    endSpan(span, flight, originBytes);
  }
}

/** The fill's span is a child of its leader's request, and the origin receives its id. */
function startSpan(flight: Flight, fetchContext: FetchContext): Span | undefined {
  if (fetchContext.span === undefined) return undefined;
  flight.span = fetchContext.span.child('fill', {
    'forebay.origin': fetchContext.source.upstream.name,
    'forebay.chunk': flight.index,
    'forebay.priority': fetchContext.priority,
  });
  return flight.span;
}

function endSpan(span: Span | undefined, { state }: Flight, originBytes: number): void {
  if (span === undefined) return;
  const failed = state.kind === 'ended' && 'error' in state.end ? state.end.error.code : undefined;
  span.end({ 'forebay.origin_bytes': originBytes }, failed);
}

/**
 * Counts origin bytes beyond the chunk's own (overlaps of attempts, skipped bytes); all of them if
 * the chunk was not filled.
 */
function countWaste(generation: LiveObject, result: FillResult): void {
  // `doubt` counts these.
  if (result.kind === 'corrupt') return;
  const usefulBytes = result.kind === 'filled' ? result.chunk.lengthBytes : 0;
  const wasted = result.stats.originBytes - usefulBytes;
  if (wasted > 0) generation.services.events.originBytesWasted(wasted);
}

async function submit(
  generation: LiveObject,
  flight: Flight,
  fetchContext: FetchContext,
  { target, validator }: FillAim,
): Promise<FillResult> {
  const { services } = generation;
  const { upstream } = fetchContext.source;
  const lengthBytes = generation.lengthBytes ?? 0;
  const range = chunkRange(flight.index, lengthBytes, generation.chunkSizeBytes);
  const ticket = services.pools.fill.submit<FillTask>({
    originName: upstream.name,
    maxConnections: upstream.maxConnections,
    priority: fetchContext.priority,
    receivedBytes: () => flight.receivedBytes,
    makeTask: async (lane) => {
      const slot = await openSlot(generation, flight, {
        range,
        priority: fetchContext.priority,
        from: fetchContext.from ?? 0,
        // A gate opens for whole groups.
        stepBytes: (gate) => (gate.expectedGroupIds === null ? FILL_START_BYTES : GROUP_SIZE_BYTES),
        gate: () => gateOf(generation, flight.index),
      });
      if (slot === undefined) {
        throw new ForebayError('cancelled', 'the fill ended before it began', {
          source: 'internal',
          retryable: true,
        });
      }
      return {
        task: {
          kind: 'fill',
          lane,
          target,
          slot,
          completeLength: lengthBytes,
          validator,
          limits: services.limits.fetch,
        },
      };
    },
  });
  flight.queuedAs(ticket);
  const settle = fetchContext.fetching(flight);
  let originBytes = 0;
  try {
    const result = await ticket.result;
    ({ originBytes } = result.stats);
    return result;
  } finally {
    settle(originBytes);
  }
}

/**
 * The gate of a refetch. Known ids gate it group by group, so that no byte which differs from them
 * is released. If a refetch has differed from ids that no digest vouches for, all its bytes are
 * withheld until two fetches agree.
 */
function gateOf(generation: LiveObject, index: number): Gate {
  const known = generation.idsOf(index)?.groupIds ?? null;
  const doubted = generation.doubts.has(index) && !isAttested(generation);
  return { expectedGroupIds: doubted ? null : known, withheld: doubted };
}

async function conclude(
  generation: LiveObject,
  flight: Flight,
  fetchContext: FetchContext,
  aim: FillAim,
  result: FillResult,
): Promise<void> {
  switch (result.kind) {
    case 'filled':
      await land(generation, flight, result.chunk);
      return;
    case 'resolve-again':
      resolveAgain(generation, flight, fetchContext, aim, result.head);
      return;
    case 'changed': {
      const error = changed();
      // A redirect to another resource cannot be compared.
      const isAsLong = aim.isThere && completeLengthOf(result.head) === generation.lengthBytes;
      if (isAsLong && generation.detach((next) => restartStream(generation, next))) {
        flight.fail({ kind: 'leader-failed', error });
        return;
      }
      generation.end('replaced', error);
      flight.fail({ kind: 'failed', error });
      return;
    }
    case 'no-ranges':
      if (result.head.status === 206) fetchContext.source.upstream.rangeFaults.note(aim.target.url);
      stream(generation, flight);
      return;
    case 'corrupt':
      doubt(generation, flight, result.stats.originBytes);
      return;
    case 'failed': {
      const error = errorFromReport(result.error);
      const kind = error.code === 'cancelled' ? 'leader-failed' : 'failed';
      flight.fail({ kind, error });
      return;
    }
  }
}

/** The origin serves no ranges: a stream of the whole object brings the chunk. */
function stream(generation: LiveObject, flight: Flight): void {
  generation.switchToStream((next) => restartStream(generation, next));
  const error = originError('origin-range-mismatch', 'the origin serves no ranges', true);
  flight.fail({ kind: 'leader-failed', error });
}

/** Commits a chunk that was written whole, unless its bytes are in doubt. */
async function land(generation: LiveObject, flight: Flight, chunk: WrittenChunk): Promise<void> {
  const { index } = flight;
  const known = generation.idsOf(index);
  const isDoubted = generation.doubts.has(index);
  if (known !== undefined && known.id !== chunk.chunkId && generation.integrity.hashed(index)) {
    // The digest covers the bytes that were hashed: others may not replace them.
    const error = originError('origin-corrupt', 'a chunk changed after it was hashed', false);
    flight.fail({ kind: 'failed', error });
    return;
  }
  if (known !== undefined && isDoubted && known.id !== chunk.chunkId) {
    const verdict = generation.doubts.compare(index, chunk.chunkId);
    if (verdict !== 'agreed') {
      const isLast = verdict === 'contradicted';
      const error = originError('origin-corrupt', 'fetches of a chunk differ', !isLast);
      flight.fail({ kind: isLast ? 'failed' : 'leader-failed', error });
      return;
    }
    generation.services.events.originBytesWasted(chunk.lengthBytes);
  }
  await store(generation, flight, chunk);
}

/** The bytes differ from their known ids: one more fetch decides which are right. */
function doubt(generation: LiveObject, flight: Flight, originBytes: number): void {
  const { services, doubts, integrity } = generation;
  services.events.chunkMismatched('origin');
  services.events.originBytesWasted(originBytes);
  const again = doubts.differed(flight.index);
  const what = integrity.state.kind === 'attested' ? 'attested' : 'recorded';
  const error = originError('origin-corrupt', `bytes differ from their ${what} ids`, again);
  flight.fail({ kind: again ? 'leader-failed' : 'failed', error });
}

function originError(code: ErrorCode, message: string, retryable: boolean): ForebayError {
  return new ForebayError(code, message, { source: 'origin', retryable });
}

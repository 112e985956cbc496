/**
 * Leads one flight: gets room and a lane, has a worker fetch the chunk, commits it, and tells the
 * flight how it ended. Everything that can go wrong becomes one of the flight's endings; nothing is
 * thrown. Called by Generation for whoever missed first.
 */
import type { FillResult, FillTask, WrittenChunk } from '../../compute/protocol.js';
import { rangeLength } from '../../model/byte-range.js';
import { chunkRange, GROUP_SIZE_BYTES } from '../../model/chunk.js';
import { FILL_START_BYTES, orderFrom } from '../../model/write-order.js';
import { type ErrorCode, errorFromReport, ForebayError, ownWant } from '../../model/errors.js';
import type { Span } from '../../model/span.js';
import type { BreakerVerdict } from '../../origin/breaker.js';
import { completeLengthOf } from '../../origin/content-range.js';
import { changed } from './ends.js';
import { aimFill, type FillAim, resolveAgain } from './fill-aim.js';
import { isAttested, watchFlight } from './fill-watch.js';
import type { Flight } from '../flight/flight.js';
import type { LiveObject } from './live-object.js';
import { store, tellDraft } from './landing.js';
import { reserve } from './reserve.js';
import { restartStream } from './stream.js';
import { verdictOfError } from '../../origin/verdict.js';
import type { Want } from '../flight/want.js';

/** Fills `flight` by a ranged fetch on behalf of `want`. Resolves when the flight has ended. */
export async function runFill(generation: LiveObject, flight: Flight, want: Want): Promise<void> {
  const { upstream } = want.source;
  watchFlight(generation, flight);
  const permit = upstream.breaker.ask();
  if (permit.kind === 'refused') {
    flight.fail({ kind: 'failed', error: originBusy(upstream.name, permit.retryAfterMs) });
    return;
  }
  let verdict: BreakerVerdict = 'abandoned';
  const span = startSpan(flight, want);
  let originBytes = 0;
  try {
    const aim = aimFill(generation, want, flight.span?.traceparent);
    if (upstream.rangeFaults.has(aim.target.url)) {
      stream(generation, flight);
      return;
    }
    const result = await submit(generation, flight, want, aim);
    ({ originBytes } = result.stats);
    generation.services.events.fetchFinished(upstream.name, result.stats);
    tellWaste(generation, result);
    verdict = result.kind === 'failed' ? verdictOfError(result.error) : 'success';
    tellDraft(flight, result.diskFailure);
    await conclude(generation, flight, want, aim, result);
  } catch (thrown) {
    const error = asError(thrown);
    // A dropped leader, one whose worker died, or read-ahead without room says nothing of the chunk.
    const own =
      error.code === 'cancelled' ||
      error.code === 'internal' ||
      (error.code === 'no-space' && want.priority === 'read-ahead');
    flight.fail({ kind: own ? 'leaderless' : 'failed', error });
  } finally {
    permit.settle(verdict);
    endSpan(span, flight, originBytes);
  }
}

/** The fill is a part of its leader's request, and the origin sees it as such. */
function startSpan(flight: Flight, want: Want): Span | undefined {
  if (want.span === undefined) return undefined;
  flight.span = want.span.child('fill', {
    'forebay.origin': want.source.upstream.name,
    'forebay.chunk': flight.index,
    'forebay.priority': want.priority,
  });
  return flight.span;
}

function endSpan(span: Span | undefined, { state }: Flight, originBytes: number): void {
  if (span === undefined) return;
  const failed = state.kind === 'ended' && 'error' in state.end ? state.end.error.code : undefined;
  span.end({ 'forebay.origin_bytes': originBytes }, failed);
}

/** What came beyond the chunk (overlaps of attempts, skipped bytes), or all of it where none came. */
function tellWaste(generation: LiveObject, result: FillResult): void {
  // Bytes that differ are counted where they are doubted.
  if (result.kind === 'corrupt') return;
  const usefulBytes = result.kind === 'filled' ? result.chunk.lengthBytes : 0;
  const wasted = result.stats.originBytes - usefulBytes;
  if (wasted > 0) generation.services.events.originBytesWasted(wasted);
}

async function submit(
  generation: LiveObject,
  flight: Flight,
  want: Want,
  { target, validator }: FillAim,
): Promise<FillResult> {
  const { services } = generation;
  const { upstream } = want.source;
  const lengthBytes = generation.lengthBytes ?? 0;
  const range = chunkRange(flight.index, lengthBytes, generation.chunkSizeBytes);
  const ticket = services.pools.fill.submit<FillTask>({
    originName: upstream.name,
    maxConnections: upstream.maxConnections,
    priority: want.priority,
    receivedBytes: () => flight.receivedBytes,
    makeTask: async (lane) => {
      const placement = generation.ephemeral ? 'memory' : undefined;
      const draft = await reserve(services, rangeLength(range), want.priority, placement);
      if (flight.state.kind === 'ended') {
        draft.discard();
        throw new ForebayError('cancelled', 'the fill ended before it began', {
          source: 'internal',
          retryable: true,
        });
      }
      const gate = gateOf(generation, flight.index);
      // A gate opens for whole groups.
      const step = gate.expectedGroupIds === null ? FILL_START_BYTES : GROUP_SIZE_BYTES;
      const watermark = services.hub.create(orderFrom(want.from ?? 0, rangeLength(range), step));
      flight.begin(draft, watermark, {
        gated: gate.expectedGroupIds !== null,
        isAttested: () => isAttested(generation),
      });
      return {
        task: {
          kind: 'fill',
          lane,
          target,
          slot: {
            fd: draft.file.fd,
            index: flight.index,
            start: range.start,
            lengthBytes: rangeLength(range),
            watermark: watermark.shared,
            ...gate,
          },
          completeLength: lengthBytes,
          validator,
          limits: services.limits.fetch,
        },
      };
    },
  });
  flight.queuedAs(ticket);
  const settle = want.fetching(flight);
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
 * Known ids gate a refetch group by group, so that no byte differing from them leaves. Once a
 * refetch has differed from ids that nothing vouches for, its bytes are withheld until two fetches
 * agree on what the chunk is.
 */
function gateOf(
  generation: LiveObject,
  index: number,
): { expectedGroupIds: Uint8Array | null; withheld: boolean } {
  const known = generation.idsOf(index)?.groupIds ?? null;
  const doubted = generation.doubts.has(index) && !isAttested(generation);
  return { expectedGroupIds: doubted ? null : known, withheld: doubted };
}

async function conclude(
  generation: LiveObject,
  flight: Flight,
  want: Want,
  aim: FillAim,
  result: FillResult,
): Promise<void> {
  switch (result.kind) {
    case 'filled':
      await land(generation, flight, result.chunk);
      return;
    case 'resolve-again':
      resolveAgain(generation, flight, want, aim, result.head);
      return;
    case 'changed': {
      const error = changed();
      // What another place has is not compared: it is another resource's.
      const isAsLong = aim.isThere && completeLengthOf(result.head) === generation.lengthBytes;
      if (isAsLong && generation.detach((next) => restartStream(generation, next))) {
        flight.fail({ kind: 'leaderless', error });
        return;
      }
      generation.end('changed', error);
      flight.fail({ kind: 'failed', error });
      return;
    }
    case 'no-ranges':
      if (result.head.status === 206) want.source.upstream.rangeFaults.note(aim.target.url);
      stream(generation, flight);
      return;
    case 'corrupt':
      doubt(generation, flight, result.stats.originBytes);
      return;
    case 'failed': {
      const error = errorFromReport(result.error);
      const kind = error.code === 'cancelled' ? 'leaderless' : 'failed';
      flight.fail({ kind, error });
      return;
    }
  }
}

/** Ranges are of no use: the chunk comes with a stream of the whole. */
function stream(generation: LiveObject, flight: Flight): void {
  generation.switchToStream((next) => restartStream(generation, next));
  const error = originError('origin-range-mismatch', 'the origin serves no ranges', true);
  flight.fail({ kind: 'leaderless', error });
}

/** A chunk was written whole: commits it, unless its bytes are in doubt. */
async function land(generation: LiveObject, flight: Flight, chunk: WrittenChunk): Promise<void> {
  const { index } = flight;
  const known = generation.idsOf(index);
  const doubted = generation.doubts.get(index);
  if (known !== undefined && known.id !== chunk.chunkId && generation.integrity.hashed(index)) {
    // The digest will speak of the bytes that were hashed: others may not take their place.
    const error = originError('origin-corrupt', 'a chunk changed after it was hashed', false);
    flight.fail({ kind: 'failed', error });
    return;
  }
  if (known !== undefined && doubted !== undefined && known.id !== chunk.chunkId) {
    const agreed = doubted.kind === 'differed-as' && doubted.id === chunk.chunkId;
    if (!agreed) {
      const last = doubted.kind === 'differed-as';
      if (last) generation.doubts.delete(index);
      else generation.doubts.set(index, { kind: 'differed-as', id: chunk.chunkId });
      const error = originError('origin-corrupt', 'fetches of a chunk differ', !last);
      flight.fail({ kind: last ? 'failed' : 'leaderless', error });
      return;
    }
    generation.services.events.originBytesWasted(chunk.lengthBytes);
  }
  await store(generation, flight, chunk);
}

/** The bytes differ from what is known of them: ask once more before believing either. */
function doubt(generation: LiveObject, flight: Flight, originBytes: number): void {
  const { services, doubts, integrity } = generation;
  services.events.chunkMismatched('origin');
  services.events.originBytesWasted(originBytes);
  const again = !doubts.has(flight.index);
  if (again) doubts.set(flight.index, { kind: 'differed-once' });
  else doubts.delete(flight.index);
  const what = integrity.state.kind === 'attested' ? 'attested' : 'recorded';
  const error = originError('origin-corrupt', `bytes differ from their ${what} ids`, again);
  flight.fail({ kind: again ? 'leaderless' : 'failed', error });
}

function originError(code: ErrorCode, message: string, retryable: boolean): ForebayError {
  return new ForebayError(code, message, { source: 'origin', retryable });
}

/** The breaker is open. Shared with cache/fetch/contact. */
export function originBusy(name: string, retryAfterMs: number): ForebayError {
  return new ForebayError(
    'origin-busy',
    `origin ${name} has failed repeatedly; not asking it now`,
    {
      source: 'origin',
      retryable: false,
      retryAfterMs,
    },
  );
}

function asError(thrown: unknown): ForebayError {
  if (thrown instanceof ForebayError) return thrown;
  const want = ownWant(thrown);
  if (want !== null) return want;
  return new ForebayError('internal', 'a fill failed', {
    source: 'internal',
    retryable: true,
    cause: thrown,
  });
}

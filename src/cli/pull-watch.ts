/**
 * Follows the events of a pull, and describes its progress in text. It also measures silences, as
 * events arrive only when something changes. Used by commands/pull; all times are monotonic ms.
 */
import { formatSize } from '../config/units.js';
import type { Pull, PullItem } from './api-types.js';
import { itemName, itemsWord } from './pull-names.js';
import type { ProgressSource } from './progress.js';

/** A silence of at least this time is shown as a stall. */
export const STALL_NAMED_MS = 1_500;
/** If there are more URLs than this, only active ones are shown. */
const MAX_SHOWN = 8;
const BAR_CELLS = 20;

/** How long an item has been silent, and what it waits for. */
export interface Silence {
  readonly ms: number;
  readonly of: 'origin' | 'client' | 'disk';
}

interface Watched {
  /** Its name on the screen. */
  readonly name: string;
  readonly item: PullItem;
  /** The time of the last event in which its counts or its state changed. */
  readonly movedMs: number;
  /** The time of its last event. */
  readonly seenMs: number;
}

export class PullWatch implements ProgressSource {
  #items: readonly Watched[] = [];
  /** The noun for items: URLs, or files of a model. */
  #noun = '';
  /** Indices of items whose stall `news` has reported. */
  readonly #reportedStalls = new Set<number>();

  /** Handles an event. */
  update(pull: Pull, nowMs: number): void {
    this.#noun = itemsWord(pull);
    this.#items = pull.items.map((item, index) => {
      const before = this.#items[index];
      const isUnchanged =
        before?.item.state.kind === item.state.kind && countsOf(before.item) === countsOf(item);
      const name = itemName(pull, item.url);
      return { name, item, movedMs: isUnchanged ? before.movedMs : nowMs, seenMs: nowMs };
    });
  }

  live(nowMs: number): readonly string[] {
    const active = this.#items.filter(({ item }) => isActive(item));
    const shown = this.#items.length <= MAX_SHOWN ? this.#items : active.slice(0, MAX_SHOWN);
    const lines = shown.flatMap((watched) => [
      watched.name,
      `  ${standing(watched.item, silenceOf(watched, nowMs))}`,
    ]);
    return this.#items.length === 1 ? lines : [...lines, this.plain(nowMs)];
  }

  plain(nowMs: number): string {
    const items = this.#items.map(({ item }) => item);
    const only = this.#items[0];
    if (only !== undefined && items.length === 1) {
      return `${only.name}: ${standing(only.item, silenceOf(only, nowMs))}`;
    }
    const done = items.filter(({ state }) => state.kind === 'done').length;
    const failed = items.filter(({ state }) => state.kind === 'failed').length;
    const failures = failed === 0 ? '' : `, ${String(failed)} failed`;
    const stalled = this.#items.filter((watched) => silenceOf(watched, nowMs) !== null).length;
    const stalls = stalled === 0 ? '' : `, ${String(stalled)} stalled`;
    return `${String(done)} of ${String(items.length)} ${this.#noun} done${failures}${stalls}: ${countsText(totals(items))}`;
  }

  news(nowMs: number): readonly string[] {
    return this.#items.flatMap((watched, index) => {
      const silence = silenceOf(watched, nowMs);
      const isReported = this.#reportedStalls.has(index);
      const { name } = watched;
      if (silence !== null && !isReported) {
        this.#reportedStalls.add(index);
        return [`${name}: ${stallText(silence)}`];
      }
      if (silence === null && isReported) {
        this.#reportedStalls.delete(index);
        return isActive(watched.item) ? [`${name}: goes on`] : [];
      }
      return [];
    });
  }
}

function isActive({ state }: PullItem): boolean {
  return state.kind !== 'queued' && state.kind !== 'done' && state.kind !== 'failed';
}

function countsOf({ receivedBytes, verifiedBytes, committedBytes }: PullItem): number {
  return receivedBytes + verifiedBytes + committedBytes;
}

/** Returns the silence to show; `null` while bytes arrive, and in states that expect none. */
function silenceOf({ item, movedMs, seenMs }: Watched, nowMs: number): Silence | null {
  const { state } = item;
  switch (state.kind) {
    case 'stalled':
      return { ms: state.sinceMs + (nowMs - seenMs), of: state.of };
    case 'receiving':
    case 'connecting':
      return nowMs - movedMs < STALL_NAMED_MS ? null : { ms: nowMs - movedMs, of: 'origin' };
    case 'queued':
    case 'throttled':
    case 'verifying':
    case 'serving':
    case 'client-blocked':
    case 'done':
    case 'failed':
      return null;
  }
}

/** Formats a silence: `stalled 3 s, waiting for the origin`. */
export function stallText({ ms, of }: Silence): string {
  return `stalled ${String(Math.floor(ms / 1000))} s, waiting for the ${of}`;
}

/** Describes the progress of one URL in a line. */
export function standing(item: PullItem, silence: Silence | null): string {
  return `${bar(item)}${stateText(item, silence)}; ${countsText(item)}`;
}

/** Draws the share that was held before or is committed; empty while the length is unknown. */
function bar({ lengthBytes, heldBytes, committedBytes }: PullItem): string {
  if (lengthBytes === null || lengthBytes === 0) return '';
  const share = Math.min(1, (heldBytes + committedBytes) / lengthBytes);
  const cells = '#'.repeat(Math.floor(share * BAR_CELLS)).padEnd(BAR_CELLS, '.');
  return `[${cells}] ${String(Math.floor(share * 100)).padStart(3)} %  `;
}

function stateText(item: PullItem, silence: Silence | null): string {
  const { state, rateBytesPerSecond: rate, etaMs } = item;
  if (silence !== null) return stallText(silence);
  switch (state.kind) {
    case 'queued':
      return 'waiting for its turn';
    case 'connecting':
      return 'asking the origin';
    case 'throttled':
      return 'pausing before another attempt';
    case 'verifying':
      return 'checking and recording';
    case 'done':
      return 'done';
    case 'failed':
      return `failed (${state.cause})`;
    case 'receiving':
    case 'serving':
    case 'client-blocked':
    case 'stalled':
      if (rate === null) return 'rate not known yet';
      return `${formatSize(Math.round(rate))}/s${etaMs === null ? '' : `, about ${etaText(etaMs)} left`}`;
  }
}

/** Formats a duration: `2 s`, `3 min 20 s`, `1 h 5 min`. */
export function etaText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${String(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${String(minutes)} min ${String(seconds % 60)} s`;
  return `${String(Math.floor(minutes / 60))} h ${String(minutes % 60)} min`;
}

/** Counts of one URL, or sums over several. */
export type PullCounts = Pick<
  PullItem,
  'lengthBytes' | 'heldBytes' | 'receivedBytes' | 'verifiedBytes' | 'committedBytes'
>;

/** Returns the sums. The length is `null` if that of any item is. */
export function totals(items: readonly PullItem[]): PullCounts {
  const sum = (count: (item: PullItem) => number): number =>
    items.reduce((total, item) => total + count(item), 0);
  return {
    lengthBytes: items.some(({ lengthBytes }) => lengthBytes === null)
      ? null
      : sum(({ lengthBytes }) => lengthBytes ?? 0),
    heldBytes: sum(({ heldBytes }) => heldBytes),
    receivedBytes: sum(({ receivedBytes }) => receivedBytes),
    verifiedBytes: sum(({ verifiedBytes }) => verifiedBytes),
    committedBytes: sum(({ committedBytes }) => committedBytes),
  };
}

/** Formats counts: `received 4 MiB, verified 0 B, committed 3 MiB of 8 MiB; 1 MiB held before`. */
export function countsText(counts: PullCounts): string {
  const { lengthBytes, heldBytes, receivedBytes, verifiedBytes, committedBytes } = counts;
  const of = lengthBytes === null ? 'an unknown length' : formatSize(lengthBytes);
  const held = heldBytes === 0 ? '' : `; ${formatSize(heldBytes)} held before`;
  return (
    `received ${formatSize(receivedBytes)}, verified ${formatSize(verifiedBytes)}, ` +
    `committed ${formatSize(committedBytes)} of ${of}${held}`
  );
}

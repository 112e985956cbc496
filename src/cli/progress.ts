/**
 * Shows progress on standard error while a command works: redrawn in place on a terminal, as plain
 * lines now and then elsewhere, or not at all. Its text comes from a source, which is pure.
 */
import type { Clock } from '../model/time.js';
import type { CommonFlags } from './options.js';
import { displayWidth } from './table.js';
import type { Terminal } from './terminal.js';

/** Between looks at the source: a stall shows within a second of its being one. */
export const TICK_MS = 500;
/** Between plain lines: logs keep every one of them. */
export const PLAIN_INTERVAL_MS = 10_000;

export interface ProgressSource {
  /** Lines that are redrawn in place. */
  live(nowMs: number): readonly string[];
  /** All of it in one line. */
  plain(nowMs: number): string;
  /** Lines for events since the last call, such as a stall. */
  news(nowMs: number): readonly string[];
}

export interface ProgressDisplay {
  /** Erases the redrawn lines; nothing is shown after this. */
  stop(): void;
}

/** The mode that `auto` comes to. */
export function chosenMode(
  { progress, quiet }: Pick<CommonFlags, 'progress' | 'quiet'>,
  { errIsScreen, env }: Pick<Terminal, 'errIsScreen' | 'env'>,
): 'live' | 'plain' | 'none' {
  if (quiet) return 'none';
  if (progress !== 'auto') return progress;
  return errIsScreen && env['TERM'] !== 'dumb' ? 'live' : 'plain';
}

/** Shows `source` until it is stopped. */
export function showProgress(
  mode: 'live' | 'plain' | 'none',
  terminal: Terminal,
  clock: Clock,
  source: ProgressSource,
): ProgressDisplay {
  if (mode === 'none') return { stop: () => undefined };
  const draw =
    mode === 'live' ? liveDrawer(terminal, source) : plainDrawer(terminal, source, clock);
  let cancelTimer = (): void => undefined;
  const tick = (): void => {
    draw.tick(clock.monotonic());
    cancelTimer = clock.after(TICK_MS, tick);
  };
  tick();
  return {
    stop: () => {
      cancelTimer();
      draw.stop();
    },
  };
}

interface Drawer {
  tick(nowMs: number): void;
  stop(): void;
}

function liveDrawer(terminal: Terminal, source: ProgressSource): Drawer {
  let drawn = 0;
  const erase = (): string => (drawn === 0 ? '' : `\u001b[${String(drawn)}A\u001b[J`);
  return {
    tick(nowMs) {
      // A line that wrapped would be two, and the next redraw would miss one of them.
      const width = Math.max(1, terminal.columns() - 1);
      const lines = source.live(nowMs).map((line) => clipped(line, width));
      terminal.err(`${erase()}${lines.map((line) => `${line}\n`).join('')}`);
      drawn = lines.length;
    },
    stop() {
      terminal.err(erase());
      drawn = 0;
    },
  };
}

function plainDrawer(terminal: Terminal, source: ProgressSource, clock: Clock): Drawer {
  let lastMs = clock.monotonic();
  return {
    tick(nowMs) {
      for (const line of source.news(nowMs)) terminal.err(`${line}\n`);
      if (nowMs - lastMs < PLAIN_INTERVAL_MS) return;
      lastMs = nowMs;
      terminal.err(`${source.plain(nowMs)}\n`);
    },
    stop: () => undefined,
  };
}

/** At most `width` characters, the rest left out with a sign. */
export function clipped(line: string, width: number): string {
  return displayWidth(line) <= width ? line : `${line.slice(0, Math.max(0, width - 3))}...`;
}

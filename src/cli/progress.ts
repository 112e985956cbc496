/**
 * Shows progress on standard error while a command works: redrawn in place on a terminal, as a
 * plain line per interval elsewhere, or not at all. The text comes from a `ProgressSource`.
 */
import type { Clock } from '../model/time.js';
import type { CommonFlags } from './options.js';
import { displayWidth } from './table.js';
import type { Terminal } from './terminal.js';

/** Time between updates: a stall is shown within a second. */
export const TICK_MS = 500;
/** Time between plain lines; long, as logs keep every line. */
export const PLAIN_INTERVAL_MS = 10_000;

export interface ProgressSource {
  /** Returns the lines to redraw in place. */
  live(nowMs: number): readonly string[];
  /** Returns the whole progress in one line. */
  plain(nowMs: number): string;
  /** Returns lines about changes since the last call that need a line at once, such as a stall. */
  news(nowMs: number): readonly string[];
}

export interface ProgressDisplay {
  /** Erases the drawn lines and stops showing progress. */
  stop(): void;
}

/** Returns the mode to use: resolves `auto`, and `none` with --quiet. */
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
      // A wrapped line would take two rows, and the next redraw would erase only one of them.
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

/** Cuts a line to at most `width` characters, with `...` in place of the rest. */
export function clipped(line: string, width: number): string {
  return displayWidth(line) <= width ? line : `${line.slice(0, Math.max(0, width - 3))}...`;
}

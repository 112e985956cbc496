/** What a run of the demo measured, whether it kept its promise, and both as a table. Pure. */
import { parseList } from 'structured-headers';
import type { Fetched } from './messages.js';
import type { ModelFile } from './model.js';

/** One phase: all clients asked for all files at the same moment. */
export interface Phase {
  readonly name: string;
  readonly seconds: number;
  /** What all clients together received. */
  readonly clientBytes: number;
  readonly gigabytesPerSecond: number;
  readonly originRequests: number;
  readonly originBytes: number;
  /** Origin bytes divided by the size of the model. */
  readonly originMultiple: number;
  readonly responses: number;
  /** Responses whose Cache-Status says `hit`; `null` where no cache was asked. */
  readonly hits: number | null;
  /** Responses whose SHA-256 is that of the file. */
  readonly equalHashes: number;
}

export interface Measured {
  readonly name: string;
  readonly throughCache: boolean;
  readonly seconds: number;
  readonly fetched: readonly Fetched[];
  readonly originRequests: number;
  readonly originBytes: number;
}

/** Derives every figure of a phase from what was measured. */
export function summarise(measured: Measured, files: readonly ModelFile[]): Phase {
  const { fetched, seconds, originBytes, originRequests } = measured;
  const expected = new Map(files.map((file) => [file.name, file.sha256]));
  const clientBytes = fetched.reduce((sum, file) => sum + file.bytes, 0);
  return {
    name: measured.name,
    seconds,
    clientBytes,
    gigabytesPerSecond: clientBytes / 1e9 / seconds,
    originRequests,
    originBytes,
    originMultiple: originBytes / modelBytes(files),
    responses: fetched.length,
    hits: measured.throughCache ? fetched.filter(isHit).length : null,
    equalHashes: fetched.filter(
      ({ name, status, sha256 }) => status === 200 && expected.get(name) === sha256,
    ).length,
  };
}

/** What the run did not keep of what Forebay promises; empty when all is well. */
export function broken(phases: readonly Phase[], coldPhase: string): readonly string[] {
  const wrongHashes = phases
    .filter((phase) => phase.equalHashes !== phase.responses)
    .map((phase) => `${phase.name}: a response is not what the origin has`);
  const cold = phases.find((phase) => phase.name === coldPhase);
  const multiple = cold?.originMultiple.toFixed(2);
  if (multiple === '1.00') return wrongHashes;
  return [...wrongHashes, `${coldPhase}: the origin sent ${multiple ?? '?'} x the model, not 1.00`];
}

export function modelBytes(files: readonly ModelFile[]): number {
  return files.reduce((sum, file) => sum + file.bytes, 0);
}

/** The phases as a table for people. */
export function table(phases: readonly Phase[]): string {
  const heading = ['phase', 'wall time', 'rate', 'origin bytes', 'hits', 'sha256'];
  const rows = phases.map((phase) => [
    phase.name,
    `${phase.seconds.toFixed(2)} s`,
    `${phase.gigabytesPerSecond.toFixed(2)} GB/s`,
    `${phase.originMultiple.toFixed(2)} x model`,
    phase.hits === null ? '-' : `${String(phase.hits)} of ${String(phase.responses)}`,
    phase.equalHashes === phase.responses
      ? `${String(phase.responses)} equal`
      : `${String(phase.responses - phase.equalHashes)} DIFFER`,
  ]);
  const widths = heading.map((_, column) =>
    Math.max(...[heading, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  // The first column reads from the left, figures line up at their right.
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('   ');
  const rule = widths.map((width) => '-'.repeat(width));
  return [heading, rule, ...rows].map((row) => `${line(row)}\n`).join('');
}

/** Forebay's own member of Cache-Status is the last (RFC 9211 section 2). */
function isHit({ cacheStatus }: Fetched): boolean {
  try {
    const [, parameters] = parseList(cacheStatus).at(-1) ?? [];
    return parameters?.get('hit') === true;
  } catch {
    return false;
  }
}

/** The outcome of a pull: its final lines and its exit code. Pure. */
import { formatSize } from '../config/units.js';
import type { ErrorCode } from '../model/errors.js';
import type { Pull, PullItem } from './api-types.js';
import {
  EXIT_CORRUPT,
  EXIT_FAILED,
  EXIT_INTERNAL,
  EXIT_INTERRUPTED,
  EXIT_NO_ROOM,
  EXIT_NOT_THERE,
  EXIT_OK,
  EXIT_TEMPORARY,
} from './exit-codes.js';
import { itemName, itemsWord, modelName } from './pull-names.js';
import { countsText, totals } from './pull-watch.js';
import { type Column, table } from './table.js';

const FAILURES: Readonly<Record<ErrorCode, number>> = {
  'origin-denied': EXIT_NOT_THERE,
  'origin-status': EXIT_NOT_THERE,
  'origin-unattested': EXIT_NOT_THERE,
  'not-cached': EXIT_NOT_THERE,
  'origin-address-refused': EXIT_NOT_THERE,
  'origin-redirect-refused': EXIT_NOT_THERE,
  'origin-corrupt': EXIT_CORRUPT,
  'stored-corrupt': EXIT_CORRUPT,
  'no-space': EXIT_NO_ROOM,
  disk: EXIT_NO_ROOM,
  'origin-connect': EXIT_TEMPORARY,
  'origin-proxy': EXIT_TEMPORARY,
  'origin-dns': EXIT_TEMPORARY,
  'origin-tls': EXIT_TEMPORARY,
  'origin-loop': EXIT_TEMPORARY,
  'origin-reset': EXIT_TEMPORARY,
  'origin-protocol': EXIT_TEMPORARY,
  'origin-range-mismatch': EXIT_TEMPORARY,
  'origin-timeout': EXIT_TEMPORARY,
  'origin-changed': EXIT_TEMPORARY,
  'origin-busy': EXIT_TEMPORARY,
  'client-aborted': EXIT_TEMPORARY,
  'client-idle': EXIT_TEMPORARY,
  'client-too-large': EXIT_NOT_THERE,
  cancelled: EXIT_TEMPORARY,
  overload: EXIT_TEMPORARY,
  purged: EXIT_TEMPORARY,
  internal: EXIT_INTERNAL,
};

/** Returns the number and total size of a pull's files, which is printed before the first byte. */
export function sizeLine(pull: Pull): string {
  const { model, items } = pull;
  const { lengthBytes } = totals(items);
  const size = lengthBytes === null ? 'an unknown length' : formatSize(lengthBytes);
  const of = model === null ? '' : `${modelName(model)}: `;
  return `${of}${String(items.length)} ${itemsWord(pull)}, ${size}`;
}

/**
 * Returns a line for each URL, and a total if there are several. For a model, returns a table of
 * its files, a line for each failure, and the total.
 */
export function outcomeLines(pull: Pull): readonly string[] {
  const { model, items } = pull;
  if (model !== null) return modelLines(pull, model);
  const lines = items.map((item) => `${verdict(item)}: ${countsText(item)}${why(item)}`);
  if (items.length === 1) return lines;
  return [...lines, totalLine(pull)];
}

function totalLine(pull: Pull): string {
  const { items } = pull;
  const done = items.filter(({ state }) => state.kind === 'done').length;
  return `${String(done)} of ${String(items.length)} ${itemsWord(pull)} done: ${countsText(totals(items))}`;
}

const COLUMNS: readonly Column[] = [
  { title: 'FILE' },
  { title: 'SIZE', align: 'right' },
  { title: 'HELD BEFORE', align: 'right' },
  { title: 'RECEIVED', align: 'right' },
  { title: 'VERIFIED', align: 'right' },
  { title: 'COMMITTED', align: 'right' },
  { title: 'RESULT' },
];

function modelLines(pull: Pull, model: NonNullable<Pull['model']>): readonly string[] {
  const rows = pull.items.map((item) => [
    itemName(pull, item.url),
    item.lengthBytes === null ? '?' : formatSize(item.lengthBytes),
    ...[item.heldBytes, item.receivedBytes, item.verifiedBytes, item.committedBytes].map(
      formatSize,
    ),
    resultOf(item),
  ]);
  const failures = pull.items.flatMap((item) =>
    why(item) === '' ? [] : [`failed ${itemName(pull, item.url)}${why(item)}`],
  );
  return [...table(COLUMNS, rows), ...failures, `${modelName(model)}: ${totalLine(pull)}`];
}

function resultOf({ state }: PullItem): string {
  if (state.kind === 'done') return 'done';
  return state.kind === 'failed' ? state.cause : 'not done';
}

function verdict({ url, state }: PullItem): string {
  switch (state.kind) {
    case 'done':
      return `done ${url}`;
    case 'failed':
      return state.cause === 'cancelled' ? `cancelled ${url}` : `failed ${url}`;
    default:
      return `not done ${url}`;
  }
}

function why({ error }: PullItem): string {
  return error === null || error.code === 'cancelled' ? '' : `; ${error.code}: ${error.message}`;
}

/** Returns 130 for a cancelled pull; the code of the failures if all have the same; else 1. */
export function outcomeExitCode({ state, items }: Pull): number {
  if (state === 'cancelled') return EXIT_INTERRUPTED;
  const codes = new Set(
    items.flatMap(({ state: item }) =>
      item.kind === 'failed' ? [failureExitCode(item.cause)] : [],
    ),
  );
  const [first] = codes;
  if (first === undefined) return state === 'done' ? EXIT_OK : EXIT_FAILED;
  return codes.size === 1 ? first : EXIT_FAILED;
}

/** Returns the exit code of a failure; `EXIT_FAILED` for an error code of a newer Forebay. */
function failureExitCode(cause: string): number {
  return Object.hasOwn(FAILURES, cause) ? FAILURES[cause as ErrorCode] : EXIT_FAILED;
}

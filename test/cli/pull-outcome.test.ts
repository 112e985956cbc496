import t from 'tap';
import type { Pull, PullItem } from '#src/cli/api-types.js';
import { outcomeExitCode, outcomeLines, sizeLine } from '#src/cli/pull-outcome.js';
import type { ErrorCode } from '#src/model/errors.js';

const DONE: PullItem = {
  url: '/a.bin',
  origin: 'origin',
  target: '/a.bin',
  state: { kind: 'done' },
  lengthBytes: 1024,
  heldBytes: 0,
  receivedBytes: 1024,
  verifiedBytes: 0,
  committedBytes: 1024,
  rateBytesPerSecond: 5,
  etaMs: null,
  error: null,
};

function failed(cause: ErrorCode): PullItem {
  const error = { code: cause, message: 'why' };
  return { ...DONE, url: '/b.bin', state: { kind: 'failed', cause }, error };
}

function ended(state: Pull['state'], ...items: PullItem[]): Pull {
  return { id: 'p', model: null, state, items };
}

t.test("outcomeLines prints each item's state, counts and error", async (t) => {
  t.same(outcomeLines(ended('done', DONE)), [
    'done /a.bin: received 1 KiB, verified 0 B, committed 1 KiB of 1 KiB',
  ]);
  const cut = { ...DONE, url: '/c.bin', state: { kind: 'receiving' } as const };
  t.same(outcomeLines(ended('failed', DONE, failed('origin-dns'), cut)), [
    'done /a.bin: received 1 KiB, verified 0 B, committed 1 KiB of 1 KiB',
    'failed /b.bin: received 1 KiB, verified 0 B, committed 1 KiB of 1 KiB; origin-dns: why',
    'not done /c.bin: received 1 KiB, verified 0 B, committed 1 KiB of 1 KiB',
    '1 of 3 URLs done: received 3 KiB, verified 0 B, committed 3 KiB of 3 KiB',
  ]);
});

t.test('the outcome of a model is a table, its failures, and one line for all', async (t) => {
  const model = { id: 'acme/tiny', revision: 'main', commit: 'ab'.repeat(20) };
  const below = `/acme/tiny/resolve/${model.commit}/`;
  const pull: Pull = {
    ...ended('failed', { ...DONE, url: `${below}config.json` }, failed('origin-corrupt')),
    model,
  };
  t.equal(sizeLine(pull), 'acme/tiny@main (commit abababababab): 2 files, 2 KiB');
  t.same(outcomeLines(pull), [
    'FILE          SIZE  HELD BEFORE  RECEIVED  VERIFIED  COMMITTED  RESULT',
    'config.json  1 KiB          0 B     1 KiB       0 B      1 KiB  done',
    '/b.bin       1 KiB          0 B     1 KiB       0 B      1 KiB  origin-corrupt',
    'failed /b.bin; origin-corrupt: why',
    'acme/tiny@main (commit abababababab): 1 of 2 files done: received 2 KiB, verified 0 B, committed 2 KiB of 2 KiB',
  ]);
});

t.test('a cancelled pull is not printed as failed', async (t) => {
  t.same(outcomeLines(ended('cancelled', failed('cancelled'))), [
    'cancelled /b.bin: received 1 KiB, verified 0 B, committed 1 KiB of 1 KiB',
  ]);
});

t.test('outcomeExitCode maps each error code to an exit code', async (t) => {
  t.equal(outcomeExitCode(ended('done', DONE)), 0);
  t.equal(outcomeExitCode(ended('cancelled', DONE)), 130);
  const codes: readonly [ErrorCode, number][] = [
    ['origin-denied', 66],
    ['origin-corrupt', 65],
    ['origin-timeout', 75],
    ['no-space', 73],
    ['internal', 70],
  ];
  for (const [cause, code] of codes) {
    t.equal(outcomeExitCode(ended('failed', DONE, failed(cause))), code, cause);
  }
  t.equal(outcomeExitCode(ended('failed', failed('origin-dns'), failed('origin-reset'))), 75);
  t.equal(outcomeExitCode(ended('failed', failed('origin-dns'), failed('disk'))), 1);
});

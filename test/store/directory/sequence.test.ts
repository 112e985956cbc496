/** The order of questions outlives restarts, and no clock turns it back. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { BLOCK, openSequence } from '#src/store/directory/sequence.js';

const NOW = Date.UTC(2026, 0, 1);
const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

function pathOf(t: Test): string {
  return join(t.testdir({}), 'sequence');
}

t.test('numbers do not go back when the clock stepped back before a restart', (t) => {
  const path = pathOf(t);
  const before = openSequence(path, NOW);
  const last = [before.next(), before.next()].at(-1) ?? 0;
  t.ok(openSequence(path, NOW - YEAR_MS).next() > last);
  t.ok(openSequence(path, 0).next() > last + BLOCK, 'nor does a second start');
  t.end();
});

t.test('numbers beyond a block are written down before they are given', (t) => {
  const path = pathOf(t);
  const sequence = openSequence(path, NOW);
  let last = 0;
  for (let given = 0; given <= 2 * BLOCK; given += 1) last = sequence.next();
  t.ok(Number(readFileSync(path, 'utf8')) > last);
  t.ok(openSequence(path, 0).next() > last);
  t.notOk(existsSync(`${path}.new`));
  t.end();
});

t.test('without a valid file numbers go on by the clock', (t) => {
  const path = pathOf(t);
  const last = openSequence(path, NOW).next();
  for (const text of ['', 'torn', '-5\n', '1e99\n', `${'9'.repeat(400)}\n`]) {
    writeFileSync(path, text);
    const next = openSequence(path, NOW + 1000).next();
    t.ok(next > last && Number.isSafeInteger(next), JSON.stringify(text.slice(0, 9)));
  }
  t.end();
});

t.test('without write access numbers are given all the same', (t) => {
  const sequence = openSequence(join(pathOf(t), 'no', 'such', 'directory'), NOW);
  t.ok(sequence.next() < sequence.next());
  t.end();
});

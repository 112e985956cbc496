import t from 'tap';
import {
  chosenMode,
  clipped,
  PLAIN_INTERVAL_MS,
  showProgress,
  TICK_MS,
} from '#src/cli/progress.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import { RecordingTerminal } from '../fixtures/recording-terminal.js';

t.test('chosenMode selects live, plain or none by terminal and flags', async (t) => {
  const flags = { progress: 'auto', quiet: false } as const;
  const screen = new RecordingTerminal({}, true);
  const pipe = new RecordingTerminal();
  t.equal(chosenMode(flags, screen), 'live');
  t.equal(chosenMode(flags, pipe), 'plain');
  t.equal(chosenMode(flags, new RecordingTerminal({ TERM: 'dumb' }, true)), 'plain');
  t.equal(chosenMode({ ...flags, progress: 'plain' }, screen), 'plain');
  t.equal(chosenMode({ ...flags, progress: 'live' }, pipe), 'live');
  t.equal(chosenMode({ ...flags, progress: 'none' }, screen), 'none');
  t.equal(chosenMode({ progress: 'live', quiet: true }, screen), 'none');
});

t.test('live lines are redrawn in place and removed at the end', async (t) => {
  const terminal = new RecordingTerminal({}, true);
  const clock = new ManualClock();
  const display = showProgress('live', terminal, clock, {
    live: (nowMs) => [`at ${String(nowMs)}`, 'x'.repeat(200)],
    plain: () => 'no',
    news: () => ['no'],
  });
  const long = `${'x'.repeat(96)}...`;
  t.equal(terminal.stderr, `at 0\n${long}\n`);
  clock.advance(TICK_MS);
  t.equal(terminal.stderr, `at 0\n${long}\n\u001b[2A\u001b[Jat 500\n${long}\n`);
  display.stop();
  t.ok(terminal.stderr.endsWith('\u001b[2A\u001b[J'));
  t.equal(clock.pendingTimers, 0);
  t.equal(terminal.stdout, '');
});

t.test('plain lines are printed at intervals, news at once', async (t) => {
  const terminal = new RecordingTerminal();
  const clock = new ManualClock();
  let news: string[] = [];
  const display = showProgress('plain', terminal, clock, {
    live: () => ['no'],
    plain: (nowMs) => `at ${String(nowMs)}`,
    news: () => news.splice(0),
  });
  clock.advance(PLAIN_INTERVAL_MS - 1);
  t.equal(terminal.stderr, '');
  news = ['stalled'];
  clock.advance(1);
  t.equal(terminal.stderr, 'stalled\nat 10000\n');
  clock.advance(PLAIN_INTERVAL_MS);
  t.equal(terminal.stderr, 'stalled\nat 10000\nat 20000\n');
  display.stop();
  t.equal(clock.pendingTimers, 0);
});

t.test('mode none prints nothing and starts no timer', async (t) => {
  const terminal = new RecordingTerminal({}, true);
  const clock = new ManualClock();
  const source = { live: () => ['x'], plain: () => 'x', news: () => ['x'] };
  showProgress('none', terminal, clock, source).stop();
  t.equal(terminal.stderr, '');
  t.equal(clock.pendingTimers, 0);
});

t.test('lines longer than the terminal are cut', async (t) => {
  t.equal(clipped('abcdef', 6), 'abcdef');
  t.equal(clipped('abcdefg', 6), 'abc...');
  t.equal(clipped('abcdefg', 1), '...');
});

import t from 'tap';
import type { z } from 'zod';
import {
  choice,
  count,
  derivedText,
  duration,
  fraction,
  optionalText,
  requiredText,
  settings,
  size,
  sizeOrAuto,
  text,
  textList,
  type TextKind,
  toggle,
} from '#src/config/setting.js';

const about = { meaning: 'A setting.', flag: '--it' };

/** Checks what a setting reads, what it refuses (always with what it registered), its default. */
function check(
  name: string,
  type: z.ZodType,
  { good, bad, byDefault }: { good: [unknown, unknown][]; bad: unknown[]; byDefault?: unknown },
): void {
  void t.test(name, (t) => {
    const about = settings.get(type);
    t.match(about, { meaning: 'A setting.', flag: '--it' });
    for (const [value, expected] of good)
      t.same(type.parse(value), expected, JSON.stringify(value));
    for (const value of bad) {
      const messages = type.safeParse(value).error?.issues.map(({ message }) => message);
      t.match(messages, [about?.expected], `refuses ${JSON.stringify(value)}`);
    }
    if (byDefault !== undefined) t.same(type.parse(undefined), byDefault, 'default');
    t.end();
  });
}

const upper: TextKind<string> = {
  type: 'word',
  expected: 'a lower-case word',
  read: (word) => (/^[a-z]+$/.test(word) ? word.toUpperCase() : undefined),
};

check('size', size('1KiB', 10, about), {
  good: [
    ['10', 10],
    [10, 10],
    ['1MB', 1e6],
  ],
  bad: ['9', 9, -1, 1.5e300, 'x', null, true, [], {}, NaN],
  byDefault: 1024,
});
check('size with a rule', size('2', 0, about, { holds: (n) => n % 2 === 0, expected: 'even' }), {
  good: [['4', 4]],
  bad: ['3'],
  byDefault: 2,
});
check('size or auto', sizeOrAuto(about), {
  good: [
    ['auto', 'auto'],
    ['1KB', 1000],
  ],
  bad: ['Auto', '', null],
  byDefault: 'auto',
});
check('duration', duration('5s', about, 1000), {
  good: [['1m', 60_000]],
  bad: [30, '30', '999ms', '0s', '600h', null],
  byDefault: 5000,
});
check('count', count(3, 1, 5, about), {
  good: [[5, 5]],
  bad: [0, 6, 1.5, '3', null, Infinity],
  byDefault: 3,
});
check('fraction', fraction(0.5, about), {
  good: [
    [0, 0],
    [0.1, 0.1],
    [1, 1],
  ],
  bad: [-0.1, 1.1, '0.5', null, NaN],
  byDefault: 0.5,
});
check('toggle', toggle(true, about), {
  good: [[false, false]],
  bad: ['false', 0, null],
  byDefault: true,
});
check('choice', choice(['a', 'b'], 'a', about), {
  good: [['b', 'b']],
  bad: ['c', 'A', null],
  byDefault: 'a',
});
check('text', text(upper, 'abc', about), {
  good: [['x', 'X']],
  bad: ['X', 5, null],
  byDefault: 'ABC',
});
check('required text', requiredText(upper, about), { good: [['x', 'X']], bad: ['X', undefined] });
check('derived text', derivedText(upper, 'somehow', about), {
  good: [['x', 'X']],
  bad: [undefined],
});
check('optional text', optionalText(upper, 'somehow', about), {
  good: [
    ['x', 'X'],
    [undefined, undefined],
  ],
  bad: ['X', null],
});
check('list', textList(upper, about), {
  good: [
    [
      ['x', 'y'],
      ['X', 'Y'],
    ],
  ],
  bad: [['X']],
  byDefault: [],
});

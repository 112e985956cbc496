import t from 'tap';
import * as codes from '#src/cli/exit-codes.js';
import { readText } from '../fixtures/source-tree.js';

t.test('every exit code is listed once, in order', async (t) => {
  const constants = Object.entries(codes).flatMap(([name, value]) =>
    name.startsWith('EXIT_') ? [value] : [],
  );
  const listed = codes.exitCodes.map(({ code }) => code);
  t.same(
    listed,
    [...(constants as number[])].sort((a, b) => a - b),
  );
});

t.test('docs/CLI.md has the same table', async (t) => {
  const rows = [...readText('docs/CLI.md').matchAll(/^\| (\d+) +\| (.*?) *\|$/gm)];
  t.same(
    rows.map(([, code, meaning]) => ({ code: Number(code), meaning })),
    codes.exitCodes,
  );
});

t.test('--help has the same table of exit codes', async (t) => {
  t.match(codes.exitCodeHelp(), /^\nExit codes:\n {2}0 {4}Done; serve: drained/);
});

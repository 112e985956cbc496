import t from 'tap';
import { mayColour, Output } from '#src/cli/output.js';
import { RecordingTerminal } from '../fixtures/recording-terminal.js';

function written(flags: { json?: boolean; quiet?: boolean }) {
  const terminal = new RecordingTerminal();
  const output = new Output(terminal, { json: false, quiet: false, ...flags });
  output.result({ a: 1 }, () => 'text');
  output.note('remark');
  output.error('mistake');
  return [terminal.stdout, terminal.stderr];
}

t.test('results go to stdout, remarks and errors to stderr', async (t) => {
  t.same(written({}), ['text\n', 'forebay: remark\nforebay: mistake\n']);
  t.same(written({ json: true }), ['{\n  "a": 1\n}\n', 'forebay: remark\nforebay: mistake\n']);
  t.same(written({ quiet: true }), ['', 'forebay: mistake\n']);
  t.same(written({ json: true, quiet: true }), ['{\n  "a": 1\n}\n', 'forebay: mistake\n']);
});

t.test('colours are used only on a terminal that has not disabled them', async (t) => {
  const paint = (env: Record<string, string>, screen: boolean) => {
    const terminal = new RecordingTerminal(env, screen);
    return new Output(terminal, { json: false, quiet: false }).paint('red', 'x');
  };
  t.equal(paint({}, true), '\u001b[31mx\u001b[39m');
  t.equal(paint({}, false), 'x');
  t.equal(paint({ NO_COLOR: '1' }, true), 'x');
  t.equal(paint({ TERM: 'dumb' }, true), 'x');
  t.ok(mayColour(new RecordingTerminal({ NO_COLOR: '' })), 'set to nothing is not set');
});

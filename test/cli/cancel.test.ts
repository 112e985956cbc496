import t from 'tap';
import { cancelOnSignal } from '#src/cli/cancel.js';
import { Output } from '#src/cli/output.js';
import { RecordingTerminal } from '../fixtures/recording-terminal.js';

function begin(cancel: () => Promise<void>) {
  const terminal = new RecordingTerminal();
  const output = new Output(terminal, { json: false, quiet: false });
  return { terminal, cancelling: cancelOnSignal(terminal, output, 'the rest stays', cancel) };
}

t.test('the first signal cancels the command, the second one ends it', async (t) => {
  let cancels = 0;
  const { terminal, cancelling } = begin(() => {
    cancels += 1;
    return Promise.resolve();
  });
  t.equal(cancelling.asked, false);
  terminal.signal('SIGINT');
  t.equal(cancelling.asked, true);
  t.equal(
    terminal.stderr,
    'forebay: SIGINT: cancelling; the rest stays; signal again to end at once\n',
  );
  t.same(terminal.exits, []);
  terminal.signal('SIGTERM');
  t.same(terminal.exits, [130]);
  t.equal(cancels, 1);
  cancelling.close();
  t.notOk(terminal.listening);
});

t.test('a cancel that fails is reported', async (t) => {
  const { terminal, cancelling } = begin(() => Promise.reject(new Error('gone')));
  terminal.signal('SIGINT');
  await terminal.written(/cannot cancel: gone/);
  cancelling.close();
  t.pass();
});

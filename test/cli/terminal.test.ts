import t from 'tap';
import { processTerminal } from '#src/cli/terminal.js';

t.test('stop signals are delivered until the listener is removed', async (t) => {
  const heard: string[] = [];
  const before = process.listenerCount('SIGTERM');
  const stop = processTerminal.onStopSignal((signal) => heard.push(signal));
  process.emit('SIGTERM', 'SIGTERM');
  process.emit('SIGINT', 'SIGINT');
  t.same(heard, ['SIGTERM', 'SIGINT']);
  stop();
  t.equal(process.listenerCount('SIGTERM'), before);
});

import t from 'tap';
import { InvalidationEvents } from '#src/model/invalidation-events.js';

t.test('each listener is called at once, each time', (t) => {
  const changes = new InvalidationEvents();
  const heard: string[] = [];
  changes.bump();
  changes.onChange(() => heard.push('one'));
  const leave = changes.onChange(() => heard.push('other'));
  changes.bump();
  t.same(heard, ['one', 'other']);
  leave();
  leave();
  changes.bump();
  t.same(heard, ['one', 'other', 'one']);
  t.end();
});

t.test('a listener that unregisters during a call does not affect the others', (t) => {
  const changes = new InvalidationEvents();
  const heard: string[] = [];
  const leave = changes.onChange(() => {
    heard.push('once');
    leave();
  });
  changes.onChange(() => heard.push('always'));
  changes.bump();
  changes.bump();
  t.same(heard, ['once', 'always', 'always']);
  t.end();
});

import t from 'tap';
import { Changes } from '#src/model/changes.js';

t.test('everybody who listens is told, each time and at once', (t) => {
  const changes = new Changes();
  const heard: string[] = [];
  changes.happened();
  changes.onChange(() => heard.push('one'));
  const leave = changes.onChange(() => heard.push('other'));
  changes.happened();
  t.same(heard, ['one', 'other']);
  leave();
  leave();
  changes.happened();
  t.same(heard, ['one', 'other', 'one']);
  t.end();
});

t.test('one who leaves while others are told', (t) => {
  const changes = new Changes();
  const heard: string[] = [];
  const leave = changes.onChange(() => {
    heard.push('once');
    leave();
  });
  changes.onChange(() => heard.push('always'));
  changes.happened();
  changes.happened();
  t.same(heard, ['once', 'always', 'always']);
  t.end();
});

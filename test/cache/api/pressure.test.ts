import t from 'tap';
import { Pressure } from '#src/cache/api/pressure.js';

t.test('Pressure: each registered giver is called until it unregisters', async (t) => {
  const pressure = new Pressure();
  const asked: string[] = [];
  const leave = pressure.register('read-ahead', () => asked.push('a'));
  pressure.register('read-ahead', () => asked.push('b'));
  pressure.register('verification', () => asked.push('v'));
  pressure.relieve('read-ahead');
  t.same(asked, ['a', 'b']);
  leave();
  pressure.relieve('read-ahead');
  pressure.relieve('verification');
  t.same(asked, ['a', 'b', 'b', 'v']);
});

t.test('Pressure: a giver may unregister, or another register, during a call', async (t) => {
  const pressure = new Pressure();
  const asked: string[] = [];
  const leave = pressure.register('verification', () => {
    asked.push('first');
    leave();
    pressure.register('verification', () => asked.push('late'));
  });
  pressure.register('verification', () => asked.push('second'));
  pressure.relieve('verification');
  t.same(asked, ['first', 'second']);
  pressure.relieve('verification');
  t.same(asked, ['first', 'second', 'second', 'late']);
});

import t from 'tap';
import { readText } from '#src/admin/read-text.js';
import { systemClock } from '#src/model/time.js';
import { startRoom } from '../fixtures/running-room.js';
import { bytesOf, fresh, sizeOf } from '../fixtures/running-origin.js';
import { createGate } from '../fixtures/scripted-origin.js';

const BOUNDS = { clock: systemClock, maxBytes: sizeOf(2), idleTimeoutMs: 20_000 };

t.test('a body in flight, then one that is held', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 2) } });
  const gate = createGate();
  room.origin.script({ times: 1, actions: [{ kind: 'gate', at: 1000, gate }] });
  const first = await room.cache.lookup(room.request('/a'));
  const reading = readText(first.body, BOUNDS);
  await gate.reached;
  gate.open();
  t.equal(await reading, bytesOf(1, 2).toString('utf8'));
  first.body.close();
  const second = await room.cache.lookup(room.request('/a'));
  t.equal(await readText(second.body, BOUNDS), bytesOf(1, 2).toString('utf8'));
  second.body.close();
  t.equal(room.origin.bodyBytes, sizeOf(2));
});

t.test('no more than the bound is read', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 2) } });
  const { body } = await room.cache.lookup(room.request('/a'));
  await t.rejects(readText(body, { ...BOUNDS, maxBytes: sizeOf(2) - 1 }), {
    code: 'origin-protocol',
  });
  body.close();
});

t.test('a failure of the body is told', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 2) } });
  const { body } = await room.cache.lookup(room.request('/a'));
  await room.origin.close();
  await t.rejects(readText(body, BOUNDS), { name: 'ForebayError' });
  body.close();
});

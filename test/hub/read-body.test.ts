import t from 'tap';
import { readBody } from '#src/hub/read-body.js';
import { systemClock } from '#src/model/time.js';
import { startRoom } from '../fixtures/running-room.js';
import { bytesOf, fresh, sizeOf } from '../fixtures/running-origin.js';
import { createGate } from '../fixtures/scripted-origin.js';

const BOUNDS = { clock: systemClock, sourceIdleTimeoutMs: 20_000 };

t.test('readBody reads a body in flight and a held one', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 2) } });
  const gate = createGate();
  room.origin.script({ times: 1, actions: [{ kind: 'gate', at: 1000, gate }] });
  const first = await room.cache.lookup(room.request('/a'));
  const reading = readBody(first.body, BOUNDS);
  await gate.reached;
  gate.open();
  t.ok((await reading).equals(bytesOf(1, 2)));
  first.body.close();
  const second = await room.cache.lookup(room.request('/a'));
  t.ok((await readBody(second.body, BOUNDS)).equals(bytesOf(1, 2)));
  second.body.close();
  t.equal(room.origin.bodyBytes, sizeOf(2));
});

t.test("readBody rejects with the body's error", async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 2) } });
  const { body } = await room.cache.lookup(room.request('/a'));
  await room.origin.close();
  await t.rejects(readBody(body, BOUNDS), { name: 'ForebayError' });
  body.close();
});

/** Buffers that outlive a task: shared by none, used again, not hoarded. */
import t from 'tap';
import { GROUP_SIZE_BYTES } from '#src/model/chunk.js';
import { GroupBuffers } from '#src/worker/context.js';

void t.test('a buffer holds one group and is reused after its return', (t) => {
  const buffers = new GroupBuffers();
  const [first, second] = [buffers.take(), buffers.take()];
  t.equal(first.length, GROUP_SIZE_BYTES);
  t.not(first, second, 'two tasks at once have two buffers');
  buffers.give(first);
  t.equal(buffers.take(), first);
  t.not(buffers.take(), first);
  t.end();
});

void t.test('after a burst only some buffers are kept', (t) => {
  const buffers = new GroupBuffers();
  const burst = new Set(Array.from({ length: 40 }, () => buffers.take()));
  t.equal(burst.size, 40);
  for (const buffer of burst) buffers.give(buffer);
  const again = Array.from({ length: 40 }, () => buffers.take());
  const kept = again.filter((buffer) => burst.has(buffer));
  t.ok(kept.length > 0 && kept.length < 40, `${String(kept.length)} of 40 were kept`);
  t.equal(new Set(again).size, 40, 'none is given out twice');
  t.end();
});

/** Origins whose 206 cannot be relied on: not one of its bytes reaches anybody. */
import t from 'tap';
import { describe, RUNNING_CHUNK_BYTES as C, startForebay } from '../fixtures/running.js';
import { bytesOf, fresh, runOrigin, sizeOf } from '../fixtures/running-origin.js';
import type { Action, SeenRequest } from '../fixtures/scripted-origin.js';

/** Answers to a Range that say nothing that could be relied on. */
const UNUSABLE: Readonly<Record<string, Action>> = {
  'no Content-Range': { kind: 'fields', fields: { 'Content-Range': null } },
  'no bytes': { kind: 'fields', fields: { 'Content-Range': 'bytes 0-/99' } },
  'another unit': { kind: 'fields', fields: { 'Content-Range': 'items 0-1/2' } },
  'another range': { kind: 'content-range', start: 1, end: 1 },
  'the whole': { kind: 'content-range', end: sizeOf(3) - C },
};

for (const [name, action] of Object.entries(UNUSABLE)) {
  t.test(`an unusable 206 (${name}) leads to one whole request, remembered`, async (t) => {
    const objects = { '/a': fresh(1, 3), '/b': fresh(2, 3) };
    const origin = await runOrigin(t, objects);
    origin.script({ when: ({ range }) => range !== undefined, actions: [action] });
    const forebay = await startForebay(t, { origin });
    const asked = async (path: string, seed: number): Promise<unknown[]> => {
      const before = origin.requests.length;
      const got = await forebay.get(path);
      t.ok(got.body.equals(bytesOf(seed, 3)) && !got.aborted, describe(got));
      return origin.requests.slice(before).map(({ range }) => range ?? 'whole');
    };
    t.same(await asked('/a', 1), [`bytes=0-${String(C - 1)}`, 'whole']);
    t.same(await asked('/b', 2), ['whole'], 'the origin is known by now');
    await forebay.holds(6);
    const part = await forebay.range('/a', C, C + 10);
    t.ok(part.equals(bytesOf(1, 3).subarray(C, C + 10)));
  });
}

t.test('an unusable 206 in the middle of an object is handled', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 12) });
  const late = ({ range }: SeenRequest): boolean =>
    range !== undefined && !range.startsWith('bytes=0-');
  origin.script({ when: late, actions: [{ kind: 'fields', fields: { 'Content-Range': null } }] });
  const forebay = await startForebay(t, { origin });
  const got = await forebay.get('/a');
  t.ok(got.body.equals(bytesOf(1, 12)) && !got.aborted, describe(got));
  t.equal(origin.requests.filter(({ range }) => range === undefined).length, 1, 'one stream');
});

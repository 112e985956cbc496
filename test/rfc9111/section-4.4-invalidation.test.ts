/**
 * RFC 9111 section 4.4: invalidating stored responses. The front calls it for what it passes on.
 */
import t from 'tap';
import { toHeaderMap } from '#src/model/headers.js';
import { fresh } from '../fixtures/running-origin.js';
import { type Room, startRoom } from '../fixtures/running-room.js';

const HEAD = { method: 'HEAD', hint: { kind: 'none' } } as const;

async function isStored(room: Room, path: string): Promise<boolean> {
  const answer = await room.cache.lookup(room.request(path, HEAD));
  answer.body.close();
  return answer.outcome.kind === 'hit';
}

function unsafe(room: Room, status: number, fields: Record<string, string> = {}): Promise<void> {
  const request = { origin: 'origin', target: '/posted' };
  return room.cache.invalidate(request, { status, headers: toHeaderMap(fields) });
}

t.test('4.4 a successful unsafe request invalidates stored responses', async (t) => {
  const paths = ['/posted', '/location', '/content-location', '/other'];
  const room = await startRoom(t, {
    objects: Object.fromEntries(paths.map((path, seed) => [path, fresh(seed, 1)])),
  });
  const stored = async () => {
    const found: boolean[] = [];
    for (const path of paths) found.push(await isStored(room, path));
    return found;
  };
  await stored();
  t.same(await stored(), [true, true, true, true]);
  await unsafe(room, 500, { location: '/location' });
  t.same(await stored(), [true, true, true, true], 'an error changes nothing');
  await unsafe(room, 201, {
    location: `${room.origin.url}/location`,
    'content-location': 'content-location',
  });
  t.same(await stored(), [false, false, false, true], 'the target and what it names');
  t.same(await stored(), [true, true, true, true], 'fetched anew');
  await unsafe(room, 303, { location: 'http://elsewhere.example/other' });
  t.same(await stored(), [false, true, true, true], 'never of another origin');
});

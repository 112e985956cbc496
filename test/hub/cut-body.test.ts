/** A stored body without some of its bytes, from whatever place it is read. */
import fc from 'fast-check';
import t from 'tap';
import type { Body } from '#src/cache/api/facade.js';
import { cutBody } from '#src/hub/cut-body.js';
import { readBody } from '#src/hub/read-body.js';
import { withoutCuts } from '#src/hub/strip-xet.js';
import { systemClock } from '#src/model/time.js';
import { bytesOf, fresh } from '../fixtures/running-origin.js';
import { startRoom } from '../fixtures/running-room.js';

const bounds = { clock: systemClock, sourceIdleTimeoutMs: 20_000 };

/** A body that gives its bytes in pieces of some length. */
function inPieces(bytes: Buffer, pieceBytes: number): Body {
  return {
    lengthBytes: bytes.length,
    acceptsRanges: true,
    isKept: true,
    async *read({ start, end }) {
      for (let at = start; at < Math.min(end, bytes.length); at += pieceBytes) {
        const to = Math.min(at + pieceBytes, end, bytes.length);
        yield await Promise.resolve({ kind: 'bytes', bytes: bytes.subarray(at, to) } as const);
      }
    },
    cost: () => ({ originBytes: 0, collapsed: false }),
    close: () => undefined,
  };
}

async function bytesFrom(body: Body, start: number): Promise<Buffer> {
  const read = { ...body, read: () => body.read({ start, end: body.lengthBytes ?? Infinity }) };
  return readBody(read, bounds);
}

t.test('property: a cut body is right for all cuts, from every offset', async () => {
  const cutting = fc.uniqueArray(fc.nat({ max: 60 }), { minLength: 0, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(cutting, fc.integer({ min: 1, max: 20 }), async (ends, pieceBytes) => {
      const sorted = [...ends].sort((a, b) => a - b);
      const cuts = Float64Array.from(sorted.slice(0, sorted.length - (sorted.length % 2)));
      const raw = Buffer.from(Array.from({ length: 60 }, (_, index) => index));
      const body = cutBody(inPieces(raw, pieceBytes), { rawBytes: raw.length, cuts, bounds });
      const expected = Buffer.from(withoutCuts(raw, cuts));
      if (body.lengthBytes !== expected.length) return false;
      for (const start of [0, 1, Math.floor(expected.length / 2), expected.length]) {
        if (!(await bytesFrom(body, start)).equals(expected.subarray(start))) return false;
      }
      return true;
    }),
  );
});

t.test('a body without cuts in range is sent from the file as stored', async (t) => {
  const room = await startRoom(t, { objects: { '/a': fresh(1, 3) } });
  const answer = await room.cache.lookup(room.request('/a'));
  const raw = bytesOf(1, 3);
  const cuts = Float64Array.of(10, 20, raw.length - 5, raw.length);
  const body = cutBody(answer.body, { rawBytes: raw.length, cuts, bounds });
  t.equal(body.lengthBytes, raw.length - 15);
  t.ok((await readBody(body, bounds)).equals(withoutCuts(raw, cuts)));
  const kinds: string[] = [];
  for await (const segment of body.read({ start: 0, end: raw.length - 15 })) {
    if (kinds.at(-1) !== segment.kind) kinds.push(segment.kind);
    if (segment.kind !== 'bytes') segment.release();
  }
  t.strictSame(kinds, ['bytes', 'file', 'bytes'], 'its middle is a file');
  body.close();
});

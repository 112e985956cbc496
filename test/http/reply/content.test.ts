import t from 'tap';
import type { Body } from '#src/cache/api/facade.js';
import { type Content, contentLength, segmentsFrom } from '#src/http/reply/content.js';
import { pieces } from '../../fixtures/memory-cache.js';
import { recognisable } from '../../fixtures/sending.js';

const BYTES = recognisable(100);
const CONTENT: Content = [
  { kind: 'bytes', bytes: Buffer.from('head') },
  { kind: 'range', start: 20, end: 30 },
  { kind: 'bytes', bytes: Buffer.from('mid') },
  { kind: 'range', start: 5, end: 7 },
  { kind: 'bytes', bytes: Buffer.from('end') },
];
const WHOLE = Buffer.concat([
  Buffer.from('head'),
  BYTES.subarray(20, 30),
  Buffer.from('mid'),
  BYTES.subarray(5, 7),
  Buffer.from('end'),
]);

async function read(at: number, after: 'nothing' | 'failure' = 'nothing') {
  const reads: (readonly [start: number, end: number, after: string | undefined])[] = [];
  const body: Body = {
    lengthBytes: BYTES.length,
    acceptsRanges: true,
    isKept: true,
    read(range, why) {
      reads.push([range.start, range.end, why]);
      return pieces(BYTES, range.start, range.end);
    },
    cost: () => ({ originBytes: 0, collapsed: false }),
    close: () => undefined,
  };
  const got: Uint8Array[] = [];
  for await (const segment of segmentsFrom(body, CONTENT, at, after)) {
    if (segment.kind === 'bytes') got.push(segment.bytes);
  }
  return { bytes: Buffer.concat(got), reads };
}

t.test('content can be read from each of its bytes on', async (t) => {
  t.equal(contentLength(CONTENT), WHOLE.length);
  for (let at = 0; at <= WHOLE.length; at += 1) {
    const { bytes } = await read(at);
    t.ok(bytes.equals(WHOLE.subarray(at)), `from ${String(at)}`);
  }
});

t.test('a failed read marks only the chunk that it read', async (t) => {
  t.same((await read(0)).reads, [
    [20, 30, 'nothing'],
    [5, 7, 'nothing'],
  ]);
  t.same((await read(7, 'failure')).reads, [
    [23, 30, 'failure'],
    [5, 7, 'nothing'],
  ]);
  t.same((await read(15, 'failure')).reads, [[5, 7, 'failure']]);
});

t.test('a body without a length has no content length', (t) => {
  t.equal(contentLength([{ kind: 'range', start: 0, end: Infinity }]), Infinity);
  t.end();
});

import type { ServerResponse } from 'node:http';
import t from 'tap';
import type { FilePart, InlineSendEnd } from '#src/model/segment.js';
import { inlineSender } from '#src/send/inline-sender.js';
import {
  bodyOf,
  getRequest,
  RawClient,
  recognisable,
  serve,
  TestFile,
} from '../fixtures/sending.js';

const MIB = 1024 * 1024;

function headFor(length: number): string {
  return `HTTP/1.1 200 OK\r\ncontent-length: ${String(length)}\r\n\r\n`;
}

t.test('InlineSender sends a whole answer, and the connection goes on', async (t) => {
  const bytes = recognisable(100_000);
  const file = new TestFile(t, bytes);
  const ends: InlineSendEnd[] = [];
  const unfinished: ServerResponse[] = [];
  const spot = inlineSender((response) => unfinished.push(response));
  const parts: (FilePart | null)[] = [{ file, offset: 10, length: 90_000 }, null];
  const port = await serve(t, (response) => {
    const part = parts.shift() ?? null;
    ends.push(spot.send(response, headFor(part?.length ?? 0), part));
    return Promise.resolve();
  });
  const client = new RawClient(t, port).write(getRequest() + getRequest());
  await client.has(headFor(0));
  t.ok(bodyOf(client.bytes).subarray(0, 90_000).equals(bytes.subarray(10, 90_010)));
  t.same(ends, [{ kind: 'all' }, { kind: 'all' }]);
  t.equal(unfinished.length, 0);
});

t.test('InlineSender sends a part to a full client, and the rest can follow', async (t) => {
  const bytes = recognisable(16 * MIB);
  const file = new TestFile(t, bytes);
  const unfinished: ServerResponse[] = [];
  const spot = inlineSender((response) => unfinished.push(response));
  const port = await serve(t, (response) => {
    const end = spot.send(response, headFor(bytes.length), {
      file,
      offset: 0,
      length: bytes.length,
    });
    t.equal(end.kind, 'some');
    t.ok(response.headersSent && !response.writableEnded);
    if (end.kind === 'some') response.end(bytes.subarray(end.bytesSent));
    return Promise.resolve();
  });
  const client = new RawClient(t, port).write(getRequest());
  await client.until((length) => length >= headFor(bytes.length).length + bytes.length);
  t.ok(bodyOf(client.bytes).equals(bytes));
  t.equal(unfinished.length, 1);
});

t.test("InlineSender sends nothing of a short file or before Node's bytes", async (t) => {
  const file = new TestFile(t, recognisable(10));
  const spot = inlineSender(() => undefined);
  const port = await serve(t, (response) => {
    const head = headFor(20_000);
    const nothing = { kind: 'nothing' };
    t.same(spot.send(response, head, { file, offset: 0, length: 20_000 }), nothing, 'a short file');
    const long = `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(16_384)}\r\ncontent-length: 5\r\n\r\n`;
    t.same(spot.send(response, long, { file, offset: 0, length: 5 }), nothing, 'a long head');
    t.same(spot.send(response, long, null), nothing, 'a long head and nothing else');
    const { socket } = response.req;
    socket.cork();
    socket.write('HTTP/1.1 102 Processing\r\n\r\n');
    t.same(spot.send(response, head, { file, offset: 0, length: 5 }), nothing, 'node before it');
    socket.uncork();
    t.equal(response.headersSent, false);
    response.end('by node');
    return Promise.resolve();
  });
  const client = new RawClient(t, port).write(getRequest());
  await client.has('by node');
  t.match(client.text, /^HTTP\/1\.1 102 .*HTTP\/1\.1 200 OK\r\n/s);
});

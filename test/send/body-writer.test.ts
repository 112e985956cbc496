import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import t from 'tap';
import { BodyWriter } from '#src/send/body-writer.js';
import { BufferPool } from '#src/send/buffer-pool.js';

type Acknowledge = (error?: Error | null) => void;

/** A response whose writes are acknowledged by the test. */
class HeldResponse extends ServerResponse {
  readonly acknowledgements: Acknowledge[] = [];

  override write(_chunk: unknown, ...rest: unknown[]): boolean {
    this.acknowledgements.push(rest.at(-1) as Acknowledge);
    return true;
  }
}

function writing() {
  const response = new HeldResponse(new IncomingMessage(new Socket()));
  const pool = new BufferPool();
  const failures: string[] = [];
  const head = { status: 201, headers: { 'x-a': '1' } };
  const writer = new BodyWriter(response, head, pool, () => failures.push('failed'));
  return { response, pool, failures, writer };
}

t.test('BodyWriter counts a piece and returns its buffer once the socket took it', async (t) => {
  const { response, pool, writer } = writing();
  const buffer = pool.take();
  writer.write(buffer.subarray(0, 10), buffer);
  t.equal(response.statusCode, 201, 'the head goes with the first piece');
  t.equal(writer.pending, 1);
  t.equal(writer.bytesSent, 0);
  t.equal(pool.out, 1);
  const acknowledged = writer.acknowledged();
  response.acknowledgements[0]?.(null);
  await acknowledged;
  t.equal(writer.pending, 0);
  t.equal(writer.bytesSent, 10);
  t.equal(pool.out, 0);
});

t.test('BodyWriter: a failed write ends with client-closed', async (t) => {
  const { response, pool, failures, writer } = writing();
  const buffer = pool.take();
  writer.write(buffer, buffer);
  const acknowledged = writer.acknowledged();
  response.acknowledgements[0]?.(new Error('EPIPE'));
  await acknowledged;
  t.same(failures, ['failed']);
  t.equal(writer.bytesSent, 0);
  t.equal(pool.out, 0);
  t.not(pool.take(), buffer, 'a buffer that the socket may still hold is not used again');
});

t.test('BodyWriter: close releases pending pieces; late acknowledgements change nothing', (t) => {
  const { response, pool, writer } = writing();
  const buffer = pool.take();
  writer.write(buffer, buffer);
  writer.write(new Uint8Array(5), null);
  writer.close();
  t.equal(pool.out, 0);
  for (const acknowledge of response.acknowledgements) acknowledge();
  t.equal(writer.bytesSent, 0);
  t.equal(pool.out, 0);
  t.end();
});

t.test('BodyWriter writes a head without a body once', (t) => {
  const { response, writer } = writing();
  t.equal(response.headersSent, false);
  writer.flushHead();
  writer.flushHead();
  t.equal(response.headersSent, true);
  t.end();
});

import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import t from 'tap';
import { MAX_WAITING, PipelineQueue } from '#src/http/exchange/pipeline-queue.js';

/** Requests on one connection; `started` holds the numbers of those that had their turn. */
function connection() {
  const socket = new Socket();
  const turns = new PipelineQueue();
  const started: number[] = [];
  const responses: ServerResponse[] = [];
  const take = (): boolean => {
    const request = new IncomingMessage(socket);
    // As of HTTP/1.1, which keeps its connection.
    request.httpVersionMajor = 1;
    request.httpVersionMinor = 1;
    const response = new ServerResponse(request);
    const number = responses.push(response) - 1;
    return turns.take(request, response, () => {
      started.push(number);
    });
  };
  return { socket, turns, started, responses, take };
}

t.test('PipelineQueue: requests run one at a time, in order', (t) => {
  const { socket, turns, started, responses, take } = connection();
  t.equal(turns.isBusy(socket), false);
  for (let i = 0; i < 3; i += 1) take();
  t.same(started, [0]);
  t.equal(turns.isBusy(socket), true);
  responses[0]?.emit('finish');
  t.same(started, [0, 1]);
  responses[0]?.emit('close');
  t.same(started, [0, 1], 'an ending counts once');
  responses[1]?.emit('close');
  responses[2]?.emit('finish');
  t.same(started, [0, 1, 2]);
  t.equal(turns.isBusy(socket), false);
  take();
  t.same(started, [0, 1, 2, 3]);
  t.end();
});

t.test('PipelineQueue: nothing starts after a response that ends the connection', (t) => {
  const { started, responses, take } = connection();
  take();
  take();
  const [first] = responses;
  if (first !== undefined) first.shouldKeepAlive = false;
  first?.emit('finish');
  t.same(started, [0]);
  t.equal(take(), false, 'nor what comes later');
  t.same(started, [0]);
  t.end();
});

t.test('PipelineQueue: nothing starts on a closed connection', (t) => {
  const { socket, started, responses, take } = connection();
  take();
  take();
  socket.destroy();
  responses[0]?.emit('close');
  t.same(started, [0]);
  t.end();
});

t.test('PipelineQueue: a full queue ends the connection with its last response', (t) => {
  const { responses, take } = connection();
  take();
  for (let i = 0; i < MAX_WAITING; i += 1) t.equal(take(), true);
  t.equal(take(), false);
  t.equal(
    responses[MAX_WAITING]?.shouldKeepAlive,
    false,
    'the last response has Connection: close',
  );
  t.equal(responses[MAX_WAITING - 1]?.shouldKeepAlive, true);
  t.end();
});

t.test('PipelineQueue: a connection is free when nothing runs and nothing was refused', (t) => {
  const { socket, turns, responses, take } = connection();
  t.equal(turns.isFree(socket), true);
  take();
  t.equal(turns.isFree(socket), false);
  responses[0]?.emit('finish');
  t.equal(turns.isFree(socket), true);
  take();
  Object.assign(responses[1] ?? {}, { shouldKeepAlive: false });
  responses[1]?.emit('finish');
  t.equal(turns.isFree(socket), false, 'the last response had Connection: close');
  t.end();
});

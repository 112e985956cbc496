import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import t from 'tap';
import { TimedResponse } from '#src/http/exchange/timed-response.js';

function response(): { readonly response: TimedResponse; readonly told: () => number } {
  const made = new TimedResponse(new IncomingMessage(new Socket()));
  let count = 0;
  made.onHead = () => {
    count += 1;
  };
  return { response: made, told: () => count };
}

t.test('TimedResponse reports an explicit head', (t) => {
  const { response: made, told } = response();
  made.writeHead(206, { 'x-a': '1' });
  t.equal(told(), 1);
  t.equal(made.statusCode, 206);
  made.end();
  t.equal(told(), 1, 'once');
  t.end();
});

t.test('TimedResponse reports an implicit head', (t) => {
  const { response: made, told } = response();
  t.equal(told(), 0);
  made.end('x');
  t.equal(told(), 1);
  t.end();
});

t.test('TimedResponse reports a client that disconnects', (t) => {
  const { response: made } = response();
  const [one, other] = [made.leaving(), made.leaving()];
  t.equal(one.aborted, false);
  made.emit('close');
  t.same([one.aborted, other.aborted], [true, true]);
  t.end();
});

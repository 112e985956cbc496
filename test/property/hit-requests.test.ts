/**
 * What a hit server reads (native/core/hit_request) against what node reads: the same bytes are
 * sent to a Forebay with one and to a Forebay without. All that comes back has to be the same.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import fc from 'fast-check';
import t from 'tap';
import { type RunningForebay, startForebay } from '../fixtures/running.js';
import { LENGTH, type Talk, talks } from '../fixtures/request-texts.js';
import { FRESH, runOrigin } from '../fixtures/running-origin.js';

const RUNS = 1500;

/**
 * What is malformed ends its connection, and with it an answer that is still on its way
 * (http/exchange/client-error): whether there is one is chance. What a request is read as is not.
 */
const ATTEMPTS = 3;

/** All that comes back, to the end of the connection. */
async function converse(forebay: RunningForebay, { text, cuts }: Talk): Promise<string> {
  const { port, hostname } = new URL(forebay.url);
  const socket = net.connect({
    port: Number(port),
    host: hostname,
    allowHalfOpen: true,
    noDelay: true,
  });
  const pieces: Buffer[] = [];
  socket.on('data', (piece: Buffer) => pieces.push(piece));
  // A refusal may meet bytes that nobody has read: after it there is a reset.
  socket.on('error', () => undefined);
  const over = new Promise((resolve) => socket.once('end', resolve).once('close', resolve));
  await once(socket, 'connect');
  let at = 0;
  for (const cut of [...cuts].sort((one, other) => one - other)) {
    socket.write(text.slice(at, cut), 'latin1');
    at = Math.max(at, cut);
    await new Promise(setImmediate);
  }
  socket.end(text.slice(at), 'latin1');
  await over;
  socket.destroy();
  return Buffer.concat(pieces).toString('latin1');
}

/** Without what depends on the moment or on chance. */
function normal(answers: string): string {
  const text = answers
    .replace(/^(x-request-id: )[0-9a-f]{16}\r$/gim, '$1ID\r')
    .replace(/\(request [0-9a-f]{16}\)/g, '(request ID)')
    .replace(/^((?:date|age): ).*\r$/gim, '$1TIME\r')
    .replace(/(--|boundary=)[0-9a-f]{32}/g, '$1BOUNDARY')
    .replace(/\bttl=\d+/g, 'ttl=TTL');
  // Node says that the connection closes where it has seen the client's end before it answered.
  const last = Math.max(0, text.lastIndexOf('HTTP/1.1 '));
  const closing = text
    .slice(last)
    .replace(/^connection: (?:keep-alive\r\nkeep-alive: .*|close)\r$/im, 'END\r');
  return text.slice(0, last) + closing;
}

/** Where the two part, with what is around it: the whole is too long to be shown. */
function differenceOf(one: string, other: string): string {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  const around = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 200), at + 200));
  return `at ${String(at)}: ${around(one)} and not ${around(other)}`;
}

t.test('a hit server answers a request exactly as Node does', { timeout: 120_000 }, async (t) => {
  const origin = await runOrigin(t, {
    '/a': { bytes: { seed: 1, length: LENGTH }, cacheControl: FRESH },
  });
  const [hits, node] = [
    await startForebay(t, { origin, listen: { hitThreads: 2 } }),
    await startForebay(t, { origin, listen: { hitThreads: 0 } }),
  ];
  for (const forebay of [hits, node]) {
    // The origin takes both for one object. Which of two first requests is a miss would be chance.
    for (const target of ['/a', '/a?']) {
      const text = `GET ${target} HTTP/1.1\r\nhost: here\r\n\r\n`;
      for (let time = 0; time < 2; time += 1) await converse(forebay, { text, cuts: [] });
    }
    // Equal bytes are one chunk.
    await forebay.holds(1);
  }
  let chances = 0;
  const compare = async (talk: Talk, attempts: number): Promise<void> => {
    const answers = await Promise.all([converse(hits, talk), converse(node, talk)]);
    const [one = '', other = ''] = answers.map(normal);
    if (one === other) return;
    if (attempts === 1) assert.fail(differenceOf(one, other));
    chances += 1;
    await compare(talk, attempts - 1);
  };
  await fc.assert(
    fc.asyncProperty(talks, (talk) => compare(talk, ATTEMPTS)),
    { numRuns: RUNS },
  );
  t.ok(chances <= RUNS / 100, `${String(chances)} times by chance`);
  const answered = await hits.metric('forebay_hit_server_answers_total');
  t.ok(answered > RUNS / 4, `${String(answered)} were answered by the hit server`);
  t.equal(await node.metric('forebay_hit_server_answers_total'), 0);
});

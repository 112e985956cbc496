import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import t from 'tap';
import type { Body } from '#src/cache/api/facade.js';
import { deliver, MAX_BARREN_PLANS } from '#src/http/exchange/deliver.js';
import type { Reply } from '#src/http/reply/respond.js';
import { type ErrorCode, ForebayError } from '#src/model/errors.js';
import type { ResponseHead, SegmentSender, SendEnd } from '#src/model/segment.js';
import { pieces } from '../../fixtures/memory-cache.js';

const HEAD: ResponseHead = { status: 200, headers: {} };

const failure = (bytesSent: number, code: ErrorCode = 'disk', retryable = true): SendEnd => ({
  reason: 'source-failed',
  bytesSent,
  cause: new ForebayError(code, 'x', { source: 'internal', retryable }),
});

/** Delivers 100 bytes through a sender that ends as told; what it was asked for comes back. */
async function delivered(ends: SendEnd[], end = 100) {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  const plans: { start: number; after: string | undefined }[] = [];
  const heads: boolean[] = [];
  const sender: SegmentSender = {
    inline: null,
    async send(to, head, segments) {
      heads.push(head !== null);
      // Pulled like a real sender's, so that the plan is made.
      await segments[Symbol.asyncIterator]().next();
      const next = ends.shift();
      if (next === undefined) throw new Error('one plan too many');
      if (next.bytesSent > 0 && head !== null) to.writeHead(head.status);
      return next;
    },
  };
  const body: Body = {
    lengthBytes: 100,
    acceptsRanges: true,
    isKept: true,
    read(range, after) {
      plans.push({ start: range.start, after });
      return pieces(Buffer.alloc(100), range.start, range.end);
    },
    cost: () => ({ originBytes: 0, collapsed: false }),
    close: () => undefined,
  };
  const content = [{ kind: 'range', start: 0, end }] as const;
  const reply: Reply = { kind: 'body', head: HEAD, body, content };
  const delivery = await deliver(response, reply, sender);
  return { delivery, starts: plans.map((plan) => plan.start), plans, heads, response };
}

t.test('a body is delivered in one plan', async (t) => {
  const { delivery, response } = await delivered([{ reason: 'complete', bytesSent: 100 }]);
  t.same(delivery, { kind: 'complete', bytesSent: 100 });
  t.equal(response.writableEnded, true);
});

t.test('delivery resumes where the source failed, with one head', async (t) => {
  const { delivery, starts, plans, heads } = await delivered([
    failure(0),
    failure(40),
    failure(10, 'stored-corrupt'),
    { reason: 'complete', bytesSent: 50 },
  ]);
  t.same(delivery, { kind: 'complete', bytesSent: 100 });
  t.same(starts, [0, 0, 40, 50]);
  t.same(heads, [true, true, false, false]);
  t.same(
    plans.map(({ after }) => after),
    ['nothing', 'failure', 'failure', 'failure'],
  );
});

t.test('progress resets the count of failed plans; without it delivery ends', async (t) => {
  const barren = Array.from({ length: MAX_BARREN_PLANS - 1 }, () => failure(0));
  const { delivery, starts, response } = await delivered([
    ...barren,
    failure(1),
    ...barren,
    failure(0),
  ]);
  t.match(delivery, { kind: 'failed', bytesSent: 1, error: { code: 'disk' } });
  t.equal(starts.length, 2 * MAX_BARREN_PLANS);
  t.equal(response.writableEnded, false, 'never ends cleanly short');
});

t.test('a failure that no plan can mend is not planned again', async (t) => {
  for (const end of [
    failure(5, 'origin-timeout'),
    failure(5, 'origin-corrupt', false),
    failure(5, 'disk', false),
    failure(5, 'no-space'),
    { reason: 'source-failed', bytesSent: 5, cause: new TypeError('a bug') } as const,
  ]) {
    const { delivery } = await delivered([end]);
    t.match(delivery, { kind: 'failed', bytesSent: 5 });
  }
});

t.test('delivery ends when the client has left or reads nothing', async (t) => {
  for (const reason of ['client-closed', 'client-idle'] as const) {
    const { delivery, response } = await delivered([{ reason, bytesSent: 3 }]);
    t.same(delivery, { kind: reason, bytesSent: 3 });
    t.equal(response.writableEnded, false);
  }
});

t.test('a body of the wrong length is a failure, whatever its source reports', async (t) => {
  const { delivery, response } = await delivered([{ reason: 'complete', bytesSent: 99 }]);
  t.match(delivery, { kind: 'failed', error: { code: 'internal' } });
  t.equal(response.writableEnded, false);
  const unknown = await delivered([{ reason: 'complete', bytesSent: 99 }], Infinity);
  t.match(unknown.delivery, { kind: 'complete' });
});

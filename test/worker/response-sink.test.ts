/** One response's body: skipped, counted, cut off, and never longer than its head said. */
import t from 'tap';
import type { OriginHead } from '#src/model/fetch.js';
import { toHeaderMap } from '#src/model/headers.js';
import { CancelWatch } from '#src/worker/cancel-watch.js';
import { StatsCollector } from '#src/worker/fetch-stats.js';
import { type BodyPlan, type ByteTaker, ResponseSink } from '#src/worker/response-sink.js';
import { ManualClock } from '../fixtures/manual-clock.js';

const HEAD: OriginHead = { status: 206, headers: toHeaderMap({}), contentLength: null };

/** Keeps what it is given, from absolute offset `start`. */
class Collector implements ByteTaker {
  readonly #start: number;
  readonly #space = Buffer.alloc(64);
  readonly #pieces: Buffer[] = [];

  constructor(start: number) {
    this.#start = start;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  get offset(): number {
    return this.#start + this.bytes.length;
  }

  space(): Uint8Array {
    return this.#space;
  }

  filled(byteCount: number): void | Promise<void> {
    this.#pieces.push(Buffer.from(this.#space.subarray(0, byteCount)));
  }
}

function fixture(taker: ByteTaker | null, plan: BodyPlan) {
  const stats = new StatsCollector();
  let cancelled = false;
  const watch = new CancelWatch(() => cancelled, new ManualClock());
  const source = taker === null ? null : { taker, plan };
  const sink = new ResponseSink({ stats, cancel: watch, decide: () => source });
  const land = (text: string): void | Promise<void> => {
    sink.space().set(Buffer.from(text));
    return sink.filled(text.length);
  };
  const cancel = (): void => {
    cancelled = true;
  };
  return { sink, stats, land, cancel };
}

void t.test('bytes before the requested ones are skipped, wherever they are cut', (t) => {
  for (let cut = 1; cut < 10; cut += 1) {
    const taker = new Collector(4);
    const { sink, stats, land } = fixture(taker, { skip: 4, bodyEnd: 10, wantedEnd: 10 });
    t.equal(sink.head(HEAD), 'read');
    void land('0123456789'.slice(0, cut));
    void land('0123456789'.slice(cut));
    t.equal(taker.bytes.toString(), '456789');
    t.equal(stats.stats.originBytes, 10, 'skipped bytes are counted');
    t.equal(sink.failure, null);
  }
  t.end();
});

void t.test('reading stops at the end of the requested bytes', (t) => {
  const taker = new Collector(0);
  const { sink, land } = fixture(taker, { skip: 0, bodyEnd: 10, wantedEnd: 3 });
  t.equal(sink.head(HEAD), 'read');
  t.throws(() => land('01234'), { code: 'cancelled' });
  t.equal(taker.bytes.toString(), '012');
  t.end();
});

void t.test('a body longer than declared breaks the response, not the fetch', (t) => {
  const taker = new Collector(0);
  const { sink, land } = fixture(taker, { skip: 0, bodyEnd: 4, wantedEnd: 4 });
  t.equal(sink.head(HEAD), 'read');
  void land('0123');
  t.throws(() => land('4'), { code: 'origin-protocol', retryable: true });
  t.equal(taker.bytes.toString(), '0123', 'nothing of the overrun is taken');
  t.equal(sink.failure, null);
  t.end();
});

void t.test('a refused head is counted and its body not read', (t) => {
  const { sink, stats } = fixture(null, { skip: 0, bodyEnd: null, wantedEnd: null });
  t.equal(sink.head(HEAD), 'refuse');
  t.same(stats.stats.statuses, [206]);
  t.end();
});

void t.test('an error of the taker ends the fetch; other errors are internal', (t) => {
  class Broken extends Collector {
    override filled(): void {
      throw new TypeError('a bug');
    }
  }
  const { sink, land } = fixture(new Broken(0), { skip: 0, bodyEnd: 4, wantedEnd: 4 });
  t.equal(sink.head(HEAD), 'read');
  t.throws(() => land('0'), { code: 'internal' });
  t.match(sink.failure, { code: 'internal' });
  t.end();
});

void t.test('a slow taker is waited for', async (t) => {
  let finish = (): void => undefined;
  class Slow extends Collector {
    override filled(byteCount: number): Promise<void> {
      return new Promise((resolve) => {
        finish = () => {
          void super.filled(byteCount);
          resolve();
        };
      });
    }
  }
  const taker = new Slow(0);
  const { sink, land } = fixture(taker, { skip: 0, bodyEnd: 4, wantedEnd: 4 });
  t.equal(sink.head(HEAD), 'read');
  const landed = land('0123');
  t.ok(landed instanceof Promise);
  const order: string[] = [];
  const settled = sink.settled().then(() => order.push('settled'));
  order.push('finish');
  finish();
  await Promise.all([landed, settled]);
  t.same(order, ['finish', 'settled']);
  t.equal(taker.bytes.toString(), '0123');
});

void t.test('a cancelled task takes no more bytes', (t) => {
  const taker = new Collector(0);
  const { sink, land, cancel } = fixture(taker, { skip: 0, bodyEnd: 4, wantedEnd: 4 });
  t.equal(sink.head(HEAD), 'read');
  cancel();
  t.throws(() => land('0'), { code: 'cancelled' });
  t.match(sink.failure, { code: 'cancelled' });
  t.equal(taker.bytes.length, 0);
  t.end();
});

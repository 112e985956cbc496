/** The order of waiting jobs. */
import fc from 'fast-check';
import t from 'tap';
import { JobQueue, type Priority } from '#src/compute/job-queue.js';

interface Job {
  readonly name: string;
  readonly originName: string;
  priority: Priority;
}

function job(name: string, originName = 'a', priority: Priority = 'demand'): Job {
  return { name, originName, priority };
}

function names(queue: JobQueue<Job>, accepts: (job: Job) => boolean = () => true): string[] {
  const order: string[] = [];
  for (let next = queue.shift(accepts); next !== undefined; next = queue.shift(accepts)) {
    order.push(next.name);
  }
  return order;
}

function queueOf(...jobs: Job[]): JobQueue<Job> {
  const queue = new JobQueue<Job>();
  for (const each of jobs) queue.push(each);
  return queue;
}

void t.test('demand goes before read-ahead, first come first served within', (t) => {
  const queue = queueOf(job('r1', 'a', 'read-ahead'), job('d1'), job('r2', 'a', 'read-ahead'));
  queue.push(job('d2'));
  t.same(names(queue), ['d1', 'd2', 'r1', 'r2']);
  t.end();
});

void t.test('jobs of several origins run in turns', (t) => {
  const queue = queueOf(job('a1'), job('a2'), job('a3'), job('b1', 'b'), job('c1', 'c'));
  t.same(names(queue), ['a1', 'b1', 'c1', 'a2', 'a3']);
  t.end();
});

void t.test('an origin that has no lane holds up no other', (t) => {
  const queue = queueOf(job('a1'), job('b1', 'b'), job('a2'));
  t.same(
    names(queue, (each) => each.originName === 'b'),
    ['b1'],
  );
  t.equal(queue.size, 2);
  t.end();
});

void t.test('a promoted job joins the demand', (t) => {
  const ahead = job('r1', 'a', 'read-ahead');
  const queue = queueOf(job('r0', 'a', 'read-ahead'), ahead, job('d1'));
  queue.promote(ahead);
  queue.promote(ahead);
  queue.promote(job('stranger', 'a', 'read-ahead'));
  t.same(names(queue), ['d1', 'r1', 'r0']);
  t.end();
});

void t.test('a job is removed once', (t) => {
  const gone = job('d1');
  const queue = queueOf(gone);
  t.ok(queue.remove(gone));
  t.notOk(queue.remove(gone));
  t.equal(queue.size, 0);
  t.end();
});

void t.test('drain returns every job and leaves none', (t) => {
  const queue = queueOf(job('a1'), job('b1', 'b', 'read-ahead'));
  t.same(
    queue.drain().map((each) => each.name),
    ['a1', 'b1'],
  );
  t.equal(queue.size, 0);
  t.same(names(queue), []);
  t.end();
});

void t.test('property: each job comes out once, in order within its origin and priority', (t) => {
  const jobs = fc.array(
    fc.record({
      originName: fc.constantFrom('a', 'b', 'c'),
      priority: fc.constantFrom<Priority>('demand', 'read-ahead'),
    }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(jobs, (made) => {
      const all = made.map((each, at) => ({ ...each, name: String(at) }));
      const out = names(queueOf(...all)).map(Number);
      const sameClass = (x: number, y: number) =>
        all[x]?.originName === all[y]?.originName && all[x]?.priority === all[y]?.priority;
      const ordered = out.every((x, at) => out.slice(at).every((y) => !sameClass(x, y) || x <= y));
      return ordered && new Set(out).size === all.length;
    }),
  );
  t.end();
});

/**
 * Answers that are not stored, of a length that only their end tells: the end is the answer's own.
 */
import t from 'tap';
import { describe, RUNNING_CHUNK_BYTES as C, startForebay } from '../fixtures/running.js';
import { bytesOf, fresh, runOrigin } from '../fixtures/running-origin.js';
import type { Action } from '../fixtures/scripted-origin.js';

const TEXT = '<Error><Code>AccessDenied</Code></Error>';
const STATUSES = [200, 203, 400, 401, 403, 404, 407, 410, 451];
/**
 * The end of a body overtook the look at its next chunk or not: by chance, so it is tried often.
 */
const TIMES = 12;

for (const form of ['chunked', 'close-delimited'] as const) {
  for (const status of STATUSES) {
    t.test(`an unstored ${String(status)} (${form}) is whole and ends cleanly`, async (t) => {
      const fields = { 'Cache-Control': 'no-store' };
      const actions: Action[] = [{ kind: 'status', status, body: TEXT, fields }, { kind: form }];
      const origin = await runOrigin(t, {});
      origin.script({ actions });
      const forebay = await startForebay(t, { origin });
      for (let time = 0; time < TIMES; time += 1) {
        const got = await forebay.get(`/${String(time)}`);
        t.same([got.status, got.aborted], [status, false], describe(got));
        t.equal(got.body.toString(), TEXT);
      }
    });
  }
}

t.test('an error response longer than a chunk is whole too', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 3) });
  const long = bytesOf(1, 3).toString('latin1');
  for (const kind of ['chunked', 'close-delimited'] as const) {
    const remove = origin.script({
      actions: [{ kind: 'status', status: 403, body: long }, { kind }],
    });
    const forebay = await startForebay(t, { origin });
    const got = await forebay.get('/a');
    t.same([got.status, got.aborted], [403, false], describe(got));
    t.ok(got.body.length >= 2 * C);
    remove();
  }
});

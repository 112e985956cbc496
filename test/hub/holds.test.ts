/** Who is held to which commit, by what a request says of where its client is. */
import t from 'tap';
import type { CacheRequest, RangeHint } from '#src/cache/api/facade.js';
import { Holds } from '#src/hub/holds.js';
import { emptyHeaders, toHeaderMap } from '#src/model/headers.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import { storedResponse } from '../fixtures/stored-response.js';

const URI = 'http://hub.example/acme/m/resolve/main/f';
const HOUR_MS = 60 * 60 * 1000;
const TOLD_MS = HOUR_MS / 6;
const QUESTION: RangeHint = { kind: 'none' };
const BYTE: RangeHint = { kind: 'from', first: 0, last: 0 };
const WHOLE: RangeHint = { kind: 'whole' };
const rest = (first: number): RangeHint => ({ kind: 'from', first, last: null });
const part = (first: number, last: number): RangeHint => ({ kind: 'from', first, last });

function start() {
  const clock = new ManualClock();
  const holds = new Holds(clock);
  const of = (hint: RangeHint, fields: Record<string, string> = {}, client = 'c', key = '') => {
    const headers = toHeaderMap({ 'user-agent': 'curl', ...fields });
    const request: CacheRequest = {
      ...{ origin: 'hub', target: '/f', method: 'GET', headers, hint, client },
      signal: new AbortController().signal,
    };
    return { request, who: { key, headers: emptyHeaders() } };
  };
  type One = ReturnType<typeof of>;
  /** Answers with the content `tag` unless it is held, as HubFiles does. */
  const ask = ({ request, who }: One, tag: string): string => {
    const held = holds.of(request, URI, 'acme/m', who);
    if (held.kind === 'doubtful') return 'doubtful';
    const got = held.kind === 'held' ? held.commit : tag;
    const stored = storedResponse({ 'x-repo-commit': got, etag: `"${got}"` });
    holds.recordShown(request, URI, 'acme/m', { stored, who, isHeld: held.kind === 'held' });
    return got;
  };
  return { clock, holds, of, ask };
}

t.test('a resumed download continues the commit it started with', (t) => {
  for (const begun of [WHOLE, rest(0), part(0, 99)]) {
    const { clock, of, ask } = start();
    t.equal(ask(of(begun), 'A'), 'A');
    t.equal(ask(of(rest(100)), 'B'), 'A');
    clock.advance(20 * HOUR_MS);
    t.equal(ask(of(rest(100)), 'B'), 'A', 'the next morning');
    clock.advance(25 * HOUR_MS);
    t.equal(ask(of(rest(100)), 'B'), 'B', 'not for ever');
  }
  t.end();
});

t.test('a client that asked for the metadata gets that commit on its next read', (t) => {
  for (const question of [QUESTION, BYTE]) {
    for (const read of [WHOLE, rest(0), part(0, 99)]) {
      const { of, ask } = start();
      t.equal(ask(of(question), 'A'), 'A');
      t.equal(ask(of(read), 'B'), 'A');
      t.equal(ask(of(rest(100)), 'B'), 'A');
      t.equal(ask(of(question), 'B'), 'B', 'who asks anew hears anew');
    }
  }
  t.end();
});

t.test('a client that starts again gets the current commit', (t) => {
  const { clock, of, ask } = start();
  t.equal(ask(of(WHOLE), 'A'), 'A');
  t.equal(ask(of(WHOLE), 'B'), 'B');
  t.equal(ask(of(QUESTION), 'B'), 'B');
  clock.advance(HOUR_MS);
  t.equal(ask(of(WHOLE), 'C'), 'C', 'what was asked long ago counts no more');
  t.end();
});

t.test('a range that fits two commits is refused', (t) => {
  const { clock, of, ask } = start();
  ask(of(WHOLE), 'A');
  ask(of(QUESTION), 'B');
  t.equal(ask(of(rest(100)), 'B'), 'doubtful', 'it had A, and was told of B');
  ask(of(WHOLE), 'B');
  t.equal(ask(of(rest(100)), 'B'), 'doubtful');
  t.equal(ask(of({ kind: 'suffix', length: 5 }), 'B'), 'doubtful');
  clock.advance(2 * HOUR_MS);
  t.equal(ask(of(part(100, 199)), 'B'), 'B', 'a reader of parts is not kept out for long');
  t.equal(ask(of(rest(300)), 'B'), 'doubtful', 'a resume may come late');
  t.end();
});

t.test('two readers with one address each continue their own commit', (t) => {
  const { of, ask } = start();
  t.equal(ask(of(part(0, 99)), 'A'), 'A');
  t.equal(ask(of(part(0, 49)), 'B'), 'B');
  t.equal(ask(of(part(100, 199)), 'B'), 'A');
  t.equal(ask(of(part(50, 99)), 'B'), 'B');
  t.equal(ask(of(rest(200)), 'B'), 'A');
  t.end();
});

t.test('a hold does not apply to another address, program or credential', (t) => {
  const { holds, of, ask } = start();
  ask(of(WHOLE), 'A');
  t.equal(ask(of(rest(1), {}, 'd'), 'B'), 'B');
  t.equal(ask(of(rest(1), { 'user-agent': 'wget' }), 'B'), 'B');
  t.equal(ask(of(rest(1), {}, 'c', 'token'), 'B'), 'B');
  const request = { ...of(rest(1)).request };
  Reflect.deleteProperty(request, 'client');
  t.same(holds.of(request, URI, 'acme/m', of(WHOLE).who), { kind: 'free' });
  t.end();
});

t.test('a client with If-Range or If-Match gets the rest of that version', (t) => {
  const { of, ask } = start();
  ask(of(WHOLE), 'A');
  ask(of(WHOLE), 'B');
  t.equal(ask(of(rest(1), { 'if-range': '"A"' }), 'B'), 'A');
  t.equal(ask(of(rest(1), { 'if-match': '"B"' }), 'B'), 'B');
  t.equal(
    ask(of(rest(1), { 'if-range': '"Z"' }), 'C'),
    'C',
    'the front then answers with all of it',
  );
  t.end();
});

t.test('a commit that did not change the file is the same content', (t) => {
  const { of, ask, holds } = start();
  ask(of(WHOLE), 'A');
  const { request, who } = of(WHOLE);
  const stored = storedResponse({ 'x-repo-commit': 'later', etag: '"A"' });
  holds.recordShown(request, URI, 'acme/m', { stored, who, isHeld: false });
  t.same(holds.of(of(rest(1)).request, URI, 'acme/m', who), { kind: 'held', commit: 'later' });
  t.end();
});

t.test('a client of the API reads the commit that the API named', (t) => {
  const { holds, of, ask } = start();
  ask(of(WHOLE), 'A');
  const { request, who } = of(WHOLE);
  const { client, headers } = request;
  holds.askedAbout('acme/other', { client, headers, who });
  t.equal(ask(of(rest(1)), 'B'), 'A');
  holds.askedAbout('acme/m', { client, headers, who });
  t.equal(ask(of(part(7, 9)), 'B'), 'B');
  t.end();
});

t.test('the first piece may be requested last', (t) => {
  for (const first of [part(0, 49), WHOLE]) {
    const { clock, of, ask } = start();
    t.equal(ask(of(BYTE), 'A'), 'A');
    t.equal(ask(of(part(50, 99)), 'A'), 'A');
    clock.advance(TOLD_MS / 2);
    t.equal(ask(of(part(100, 149)), 'B'), 'A');
    clock.advance(TOLD_MS / 2);
    t.equal(ask(of(first), 'B'), 'A', 'long after the question, and soon after a piece');
    t.equal(ask(of(part(150, 199)), 'B'), 'A');
  }
  t.end();
});

t.test('a client that reads in pieces repeatedly is not held for ever', (t) => {
  const { clock, of, ask } = start();
  const read = (tag: string) => [ask(of(part(0, 49)), tag), ask(of(part(50, 99)), tag)];
  t.same(read('A'), ['A', 'A']);
  let rounds = 0;
  while (read('B')[0] === 'A') {
    clock.advance(TOLD_MS / 2);
    rounds += 1;
    if (rounds > 100) break;
  }
  t.ok(rounds <= 12, String(rounds));
  t.end();
});

t.test('a retried first range gets the commit of the question', (t) => {
  const { of, ask } = start();
  t.equal(ask(of(BYTE), 'A'), 'A');
  t.equal(ask(of(rest(0)), 'A'), 'A');
  t.equal(ask(of(rest(0)), 'B'), 'A');
  t.equal(ask(of(WHOLE), 'B'), 'B', 'all of it is asked for by who begins anew');
  t.end();
});

/** What holds chunks open for a hit server, and until when. */
import t from 'tap';
import type { OpenPart, ReusableHit } from '#src/cache/api/facade.js';
import { HitFiles, MAX_HIT_FILES } from '#src/http/hits/hit-files.js';
import type { OpenFile } from '#src/model/segment.js';
import { emptyHeaders } from '#src/model/headers.js';

const CHUNK = 1000;

/** An object whose chunks are files of their own, and what is leased of it. */
function object() {
  const files = new Map<number, OpenFile>();
  const state = { isHeld: true, leases: 0, opened: 0 };
  const replace = (index: number): OpenFile => {
    const file = { fd: 100 + index, retain: () => undefined, release: () => undefined };
    files.set(index, file);
    return file;
  };
  const open = (start: number, end: number): OpenPart | undefined => {
    const index = Math.floor(start / CHUNK);
    const offset = start - index * CHUNK;
    if (!state.isHeld || offset + end - start > CHUNK) return undefined;
    state.leases += 1;
    state.opened += 1;
    let released = false;
    return {
      file: files.get(index) ?? replace(index),
      offset,
      length: end - start,
      fileLength: CHUNK,
      release: () => {
        if (released) throw new Error('released twice');
        released = true;
        state.leases -= 1;
      },
    };
  };
  const reusable: ReusableHit = {
    headers: emptyHeaders(),
    receivedAtMs: 0,
    lengthBytes: CHUNK * 1000,
    freshnessAt: () => ({ ageSeconds: 0, ttlSeconds: 1 }),
    open,
    ready: () => Promise.resolve(),
    body: () => undefined,
  };
  return { reusable, state, replace };
}

/** `HitFiles` with what it asked of the server, as words. */
function recorded() {
  const calls: string[] = [];
  const state = { fails: false };
  const files = new HitFiles({
    open: (token, { number, fd }, { begin, end }) => {
      if (state.fails) throw Object.assign(new Error('too many'), { code: 'EMFILE' });
      const names = [token, number, fd].join(' ');
      calls.push(`open ${names}: ${String(begin)}-${String(end)}`);
    },
    keep: (token, number) => calls.push(`keep ${String(token)} ${String(number)}`),
    revoke: (token, number) => calls.push(`revoke ${String(token)} ${String(number)}`),
  });
  /** What was asked since the last call. */
  const told = (): string[] => calls.splice(0);
  return { files, told, state };
}

t.test('a chunk is opened once and kept when it is granted again', (t) => {
  const { files, told } = recorded();
  const { reusable, state } = object();
  t.equal(files.grant(7, reusable, 2100, 2200, 0), true);
  t.same(told(), ['open 7 1 102: 2000-3000']);
  t.equal(files.grant(7, reusable, 2000, 3000, 10), true);
  t.same(told(), ['keep 7 1']);
  t.equal(state.opened, 2);
  t.equal(state.leases, 1, 'the second lease was given back');
  t.equal(files.grant(7, reusable, 0, 10, 10), true);
  t.equal(files.grant(8, reusable, 0, 10, 10), true);
  t.same(told(), ['open 7 2 100: 0-1000', 'open 8 3 100: 0-1000'], 'each target has its own');
  t.equal(files.size, 3);
  t.end();
});

t.test('a chunk that is not at hand is not granted, and nothing stays open', (t) => {
  const { files, told, state: server } = recorded();
  const { reusable, state } = object();
  t.equal(files.grant(7, reusable, 900, 1100, 0), false, 'two chunks');
  state.isHeld = false;
  t.equal(files.grant(7, reusable, 0, 10, 0), false);
  state.isHeld = true;
  server.fails = true;
  t.equal(files.grant(7, reusable, 0, 10, 0), false, 'without descriptors');
  t.equal(state.leases, 0);
  t.equal(files.size, 0);
  server.fails = false;
  t.equal(files.grant(7, reusable, 0, 10, 0), true, 'and later it is');
  t.equal(told().length, 1);
  t.end();
});

t.test('a new file of the same chunk replaces the old one', (t) => {
  const { files, told } = recorded();
  const { reusable, state, replace } = object();
  files.grant(7, reusable, 0, 10, 0);
  const file = replace(0);
  t.equal(files.grant(7, reusable, 0, 10, 1), true);
  t.same(told(), ['open 7 1 100: 0-1000', 'revoke 7 1', 'open 7 2 100: 0-1000']);
  t.equal(state.leases, 2, 'the old one may be in use');
  files.closed(1);
  t.equal(state.leases, 1);
  t.equal(files.grant(7, reusable, 0, 10, 2), true);
  t.same(told(), ['keep 7 2'], 'the end of the old one takes nothing from the new one');
  const kept = files.retain(2);
  t.equal(kept?.file, file);
  kept?.release();
  t.end();
});

t.test('a lease ends once, when its descriptor and all sends of it have ended', (t) => {
  const { files } = recorded();
  const { reusable, state } = object();
  files.grant(7, reusable, 1100, 1200, 0);
  const [first, second] = [files.retain(1), files.retain(1)];
  t.equal(first?.begin, 1000);
  first?.release();
  t.equal(state.leases, 1);
  files.closed(1);
  t.equal(state.leases, 1, 'the second goes on');
  t.equal(files.size, 0);
  t.equal(files.retain(1), undefined, 'no further answer retains it');
  files.closed(1);
  t.equal(state.leases, 1, 'closed once');
  second?.release();
  t.equal(state.leases, 0);

  files.grant(7, reusable, 1100, 1200, 1);
  files.revokeAll();
  t.equal(state.leases, 1, 'what was revoked is not closed yet');
  const third = files.retain(2);
  t.not(third, undefined, 'an answer that already uses it goes on');
  third?.release();
  files.closed(2);
  t.equal(state.leases, 0);
  t.end();
});

t.test('beyond the bound the least recently granted file is closed', (t) => {
  const { files, told } = recorded();
  const { reusable, state } = object();
  for (let index = 0; index < MAX_HIT_FILES; index += 1) {
    files.grant(7, reusable, index * CHUNK, index * CHUNK + 1, index);
  }
  files.grant(7, reusable, 0, 1, 1000);
  t.same(
    told().filter((call) => call.startsWith('revoke')),
    [],
  );
  files.grant(7, reusable, MAX_HIT_FILES * CHUNK, MAX_HIT_FILES * CHUNK + 1, 1001);
  t.equal(told().at(-1), 'revoke 7 2', 'the first was granted again since');
  t.equal(state.leases, MAX_HIT_FILES + 1);
  files.closed(2);
  t.equal(state.leases, MAX_HIT_FILES);
  t.equal(files.size, MAX_HIT_FILES);
  t.end();
});

t.test('a file without requests for three seconds is closed', (t) => {
  const { files, told } = recorded();
  const { reusable } = object();
  files.grant(7, reusable, 0, 1, 0);
  files.grant(7, reusable, 1000, 1001, 0);
  files.grant(7, reusable, 2000, 2001, 500);
  files.grant(7, reusable, 0, 1, 1000);
  told();
  files.sweep(2999);
  t.same(told(), []);
  files.sweep(3000);
  t.same(told(), ['revoke 7 2']);
  files.sweep(3500);
  t.same(told(), ['revoke 7 3'], 'each once');
  files.sweep(4000);
  t.same(told(), ['revoke 7 1']);
  files.grant(7, reusable, 0, 1, 4001);
  t.same(told(), ['open 7 4 100: 0-1000'], 'and is opened anew');
  t.end();
});

t.test('pressure closes every file, and none reopens before the room is taken', (t) => {
  const { files, told } = recorded();
  const { reusable, state } = object();
  files.grant(7, reusable, 0, 1, 0);
  files.grant(8, reusable, 0, 1, 0);
  told();
  files.relieve(50);
  t.same(told(), ['revoke 7 1', 'revoke 8 2']);
  files.closed(1);
  files.closed(2);
  t.equal(files.grant(7, reusable, 0, 1, 60), false);
  t.equal(state.leases, 0);
  files.relieve(100);
  t.equal(files.grant(7, reusable, 0, 1, 150), false, 'the wait begins again');
  t.same(told(), []);
  t.equal(files.grant(7, reusable, 0, 1, 200), true);
  t.same(told(), ['open 7 3 100: 0-1000']);
  t.end();
});

t.test('a closed server keeps only files that are still being sent', (t) => {
  const { files, told } = recorded();
  const { reusable, state } = object();
  files.grant(7, reusable, 0, 1, 0);
  files.grant(7, reusable, 1000, 1001, 0);
  files.revokeAll();
  const kept = files.retain(2);
  told();
  files.allClosed();
  t.same(told(), [], 'the closed server gets no more calls');
  t.equal(state.leases, 1);
  kept?.release();
  t.equal(state.leases, 0);
  t.end();
});

import t from 'tap';
import { UnsteadyUrls } from '#src/cache/object/unsteady.js';
import type { ObjectIdentity } from '#src/model/manifest.js';
import { responseKey } from '#src/store/objects/keys.js';
import { ManualClock } from '../../fixtures/manual-clock.js';

const HOUR_MS = 60 * 60_000;

function scene() {
  const clock = new ManualClock();
  clock.advance(1);
  const told: string[] = [];
  const events = {
    warn: (message: string, error: unknown) => told.push(`${message}: ${String(error)}`),
  };
  const urls = new UnsteadyUrls({ clock, events });
  const note = (origin: string, uri: string): void => {
    const of = { variant: '', validator: { kind: 'none' }, uniqueToken: '' } as const;
    const object: ObjectIdentity = {
      ...of,
      origin,
      uri,
      lengthBytes: 1,
      chunkSizeBytes: 1 << 20,
      digest: null,
    };
    urls.note(object);
  };
  const has = (origin: string, uri: string): boolean => urls.has(responseKey(origin, uri));
  return { clock, told, note, has };
}

t.test('a URL is unsteady after a second change at one length within an hour', (t) => {
  const { clock, note, has } = scene();
  note('o', 'http://o/a');
  t.notOk(has('o', 'http://o/a'), 'the first may be what it looks like');
  note('o', 'http://o/a');
  t.ok(has('o', 'http://o/a'));
  t.notOk(has('o', 'http://o/b'));
  t.notOk(has('p', 'http://o/a'));
  clock.advance(HOUR_MS + 1);
  t.notOk(has('o', 'http://o/a'), 'forgotten');
  note('o', 'http://o/a');
  t.notOk(has('o', 'http://o/a'), 'the count starts again');
  t.end();
});

t.test('an unsteady URL is reported once for each origin', (t) => {
  const { clock, told, note } = scene();
  for (const uri of ['/a', '/b']) for (let time = 0; time < 3; time += 1) note('o', uri);
  t.equal(told.length, 1);
  t.match(told[0], /origin o/);
  note('p', '/a');
  note('p', '/a');
  t.equal(told.length, 2);
  clock.advance(HOUR_MS + 1);
  note('o', '/a');
  note('o', '/a');
  t.equal(told.length, 3, 'again later');
  t.end();
});

t.test('Unsteady remembers a bounded number of URLs', (t) => {
  const { note, has } = scene();
  for (let index = 0; index <= 10_000; index += 1) {
    note('o', `/${String(index)}`);
    note('o', `/${String(index)}`);
  }
  t.notOk(has('o', '/0'));
  t.ok(has('o', '/10000'));
  t.end();
});

import t from 'tap';
import { TargetMatcher } from '#src/cache/operator/selection.js';
import { startRoom } from '../../fixtures/running-room.js';

t.test('a selection matches targets below the mount, letter by letter', async (t) => {
  const room = await startRoom(t);
  const targets = new TargetMatcher(new Map([[room.upstream.name, room.upstream]]));
  const thing = { origin: 'origin', uri: room.upstream.uriOf('/models/a?b=1') };
  t.equal(targets.of(thing.origin, thing.uri), '/models/a?b=1');
  t.equal(targets.of('gone', 'https://old.example/base/x?y'), '/base/x?y');
  t.equal(targets.of('origin', 'https://old.example/base/x'), '/base/x', 'its url was another');
  const selects = (origin: string | null, pathPrefix: string | null): boolean =>
    targets.selects({ origin, pathPrefix }, thing);
  t.ok(selects(null, null));
  t.ok(selects('origin', '/models/'));
  t.ok(selects(null, '/mod'));
  t.notOk(selects('other', null));
  t.notOk(selects(null, '/models/b'));
});

t.test('a prefix selects every spelling that a server may treat as equal', async (t) => {
  const room = await startRoom(t);
  const targets = new TargetMatcher(new Map([[room.upstream.name, room.upstream]]));
  const selects = (target: string, pathPrefix: string): boolean =>
    targets.selects(
      { origin: null, pathPrefix },
      { origin: 'origin', uri: room.upstream.uriOf(target) },
    );
  for (const spelling of ['/a+b/%E6%A8%A1', '/a%2Bb/x', '/a%2bb%2Fx', '/%61+b//x', '//a+b/x']) {
    for (const prefix of ['/a+b/', '/a%2Bb/', '/%61%2bb//']) {
      t.ok(selects(spelling, prefix), `${prefix} selects ${spelling}`);
    }
  }
  t.ok(selects('/%E6%A8%A1/x', '/模/'));
  t.ok(selects('/a?b=%7e', '/a?b=~'));
  t.notOk(selects('/a+bc/x', '/a+b/'));
  t.notOk(selects('/a?b=2', '/a?b=1'));
});

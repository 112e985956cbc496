import t from 'tap';
import { Detachment } from '#src/cache/object/detachment.js';
import { ForebayError } from '#src/model/errors.js';
import { startRoom } from '../../fixtures/running-room.js';

const of = (code: 'origin-corrupt' | 'origin-reset') =>
  new ForebayError(code, 'x', { source: 'origin', retryable: true });

function scene() {
  const told: string[] = [];
  const detachment = new Detachment({
    onChanged: () => told.push('changed'),
    onAgain: () => told.push('again'),
  });
  return { told, detachment };
}

t.test('Detachment: before begin the end of a stream changes nothing', async (t) => {
  const { told, detachment } = scene();
  detachment.streamEnded(undefined);
  detachment.streamEnded(of('origin-corrupt'));
  detachment.leaked();
  t.same([told, detachment.isOn, detachment.hasLeaked], [[], false, true]);
});

t.test('Detachment: a lost stream is fetched again, any other end is a change', async (t) => {
  const { told, detachment } = scene();
  detachment.begin();
  detachment.streamEnded(of('origin-reset'));
  detachment.streamEnded(undefined);
  detachment.streamEnded(of('origin-corrupt'));
  detachment.leaked();
  t.same(told, ['again', 'changed', 'changed']);
});

t.test('Detachment: a request with credentials shares its answer with no other', async (t) => {
  const room = await startRoom(t);
  const source = (headers: Record<string, string>) => room.fetchContext('/a', { headers }).source;
  const [plain, also] = [source({}), source({ accept: '*/*' })];
  const [mine, same] = [source({ authorization: 'x' }), source({ authorization: 'x' })];
  const open = scene().detachment;
  t.ok(open.admits(mine) && open.admits(plain), 'before it begins');
  open.begin();
  t.same(
    [plain, also, mine].map((one) => open.admits(one)),
    [true, true, false],
  );
  const own = scene().detachment;
  own.begin();
  t.same(
    [mine, plain, same, mine].map((one) => own.admits(one)),
    [true, false, false, true],
  );
});

import t from 'tap';
import { FallbackClient } from '#src/origin/client.js';
import { originClientContract } from '../contract/origin-client.js';
import {
  OBJECT_BYTES,
  expected,
  setUp,
  type ClientUnderTest,
} from '../contract/origin-client-subject.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import type { Action } from '../fixtures/scripted-origin.js';
import { CollectingSink, originRequest } from '../fixtures/origin-sink.js';

const subject: ClientUnderTest = {
  create: (options) => new FallbackClient(options),
};

/** A transfer coding of old, which is none. */
const BEYOND: readonly Action[] = [
  { kind: 'close-delimited' },
  { kind: 'fields', fields: { 'Transfer-Encoding': 'identity' } },
];

void t.test('OriginClient: contract', (t) => originClientContract(t, subject));

void t.test('the fallback client is used once per URL, the first one tried again', async (t) => {
  const clock = new ManualClock();
  const { origin, client, url } = await setUp(t, subject, { clock });
  origin.objects.set('/plain', { bytes: Buffer.from('plain') });
  const remove = origin.script({ path: '/o', actions: BEYOND });
  const read = async (target: string) => {
    const sink = new CollectingSink();
    await client.fetch(originRequest(target), sink);
    return sink.bytes;
  };
  t.ok((await read(url)).equals(expected()));
  t.equal(origin.requests.length, 2, 'one request by the lean client, then one by undici');
  t.ok((await read(url)).equals(expected()));
  t.equal(origin.requests.length, 3);
  await read(`${origin.url}/plain`);
  t.equal(origin.requests.length, 4, 'other URLs are read lean');

  remove();
  clock.advance(10 * 60_000 + 1);
  await read(url);
  const sizes = origin.requests.map(({ bodyBytesSent }) => bodyBytesSent);
  t.equal(sizes.at(-1), OBJECT_BYTES);
  t.equal(origin.requests.length, 5);
});

void t.test('a lane holds one connection, whichever client opened it', async (t) => {
  const { origin, client, url } = await setUp(t, subject);
  origin.script({ path: '/o', actions: BEYOND });
  origin.objects.set('/plain', { bytes: Buffer.from('plain') });
  for (let i = 0; i < 3; i++) {
    for (const target of [url, `${origin.url}/plain`]) {
      await client.fetch(originRequest(target), new CollectingSink());
      await origin.waitFor(({ openConnections }) => openConnections === 1);
    }
  }
  t.pass();
});

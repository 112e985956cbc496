import t from 'tap';
import { UndiciClient } from '#src/origin/undici-client.js';
import { originClientContract } from '../contract/origin-client.js';
import { failure, setUp, type ClientUnderTest } from '../contract/origin-client-subject.js';
import { CollectingSink, originRequest } from '../fixtures/origin-sink.js';

const subject: ClientUnderTest = {
  create: (options) => new UndiciClient(options),
};

void t.test('OriginClient: contract of the undici client', (t) => originClientContract(t, subject));

void t.test('a chunked body that is cut off is a reset, never an end', async (t) => {
  const { origin, client, url } = await setUp(t, subject);
  for (const kind of ['reset', 'short'] as const) {
    origin.next([{ kind: 'chunked' }, { kind, afterBytes: 5000 }]);
    const error = await failure(client.fetch(originRequest(url), new CollectingSink()));
    t.equal(error.code, 'origin-reset');
  }
});

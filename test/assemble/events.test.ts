/** What happens in store and cache is counted; and what an answer may depend on is news. */
import t from 'tap';
import { cacheEvents, storeEvents } from '#src/assemble/events.js';
import { InvalidationEvents } from '#src/model/invalidation-events.js';
import type { ChunkId } from '#src/model/ids.js';
import { createTelemetry } from '#src/telemetry/telemetry.js';

function recorded() {
  const lines: Record<string, unknown>[] = [];
  const telemetry = createTelemetry(
    { level: 'info', format: 'json', access: true },
    { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const value = async (sample: string): Promise<number> => {
    const found = (await telemetry.metrics.text())
      .split('\n')
      .find((line) => line.startsWith(`${sample} `));
    return Number(found?.slice(sample.length));
  };
  return { lines, telemetry, value };
}

t.test('store events: a dropped chunk or record invalidates hot hits', async (t) => {
  const { telemetry, value } = recorded();
  const changes = new InvalidationEvents();
  let changed = 0;
  changes.onChange(() => (changed += 1));
  const events = storeEvents(telemetry.metrics, changes);
  events.evicted(100);
  events.diskError('read', 'EIO');
  t.equal(changed, 0, 'what is evicted was in nobody’s hands');
  events.dropped('00' as ChunkId, 'corrupt');
  t.equal(changed, 1);
  events.responseChanged();
  t.equal(changed, 2);
  t.equal(await value('forebay_evicted_bytes_total'), 100);
  t.equal(await value('forebay_dropped_chunks_total{reason="corrupt"}'), 1);
});

t.test('cache events: those that concern an operator are logged', async (t) => {
  const { lines, telemetry, value } = recorded();
  const events = cacheEvents(telemetry);
  events.objectVerified();
  events.chunkMismatched('disk');
  t.same(lines, []);
  events.verificationGivenUp();
  events.warn('it went wrong', new Error('why'));
  events.warn('again', 'no error');
  events.unshareable('hub', 'Set-Cookie');
  t.match(lines, [
    { level: 'warn', msg: /given up/ },
    { level: 'warn', msg: 'it went wrong', error: 'why' },
    { level: 'warn', msg: 'again', error: 'no error' },
    { level: 'warn', msg: /not shared/, origin: 'hub', field: 'Set-Cookie' },
  ]);
  t.equal(await value('forebay_objects_verified_total'), 1);
  t.equal(await value('forebay_chunk_verify_failures_total{source="disk"}'), 1);
  t.equal(await value('forebay_object_verifications_given_up_total'), 1);
});

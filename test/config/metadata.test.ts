import t from 'tap';
import {
  metadataCapacityBytes,
  MIN_METADATA_BYTES,
  mostMetadataBytes,
} from '#src/config/metadata.js';
import { minimumCapacityBytes } from '#src/config/lanes.js';

const MIB = 2 ** 20;

t.test('the metadata share is an eighth of the capacity, 2 GiB at most', (t) => {
  const auto = (capacityBytes: number): number =>
    metadataCapacityBytes({ capacityBytes, metadataCapacityBytes: 'auto' });
  t.equal(auto(256 * MIB), 32 * MIB);
  t.equal(auto(2 ** 40), 2 * 2 ** 30);
  t.ok(Number.isSafeInteger(auto(1e9 + 7)));
  const least = minimumCapacityBytes(8 * MIB, { threads: 2, connectionsPerThread: 16 });
  t.ok(auto(least) >= MIN_METADATA_BYTES, 'what runs by default has what may be configured least');
  t.end();
});

t.test('a configured metadata share is used up to half of the capacity', (t) => {
  const configured = (capacityBytes: number): number =>
    metadataCapacityBytes({ capacityBytes, metadataCapacityBytes: 100 * MIB });
  t.equal(configured(1024 * MIB), 100 * MIB);
  t.equal(configured(136 * MIB), 68 * MIB);
  t.equal(mostMetadataBytes(136 * MIB), 68 * MIB);
  t.end();
});

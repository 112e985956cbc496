import t from 'tap';
import { readAheadChunks } from '#src/cache/flight/read-ahead-limit.js';

t.test(
  'the limit grows with the connections that the origin is allowed, never shrinks',
  async (t) => {
    const limitAt = (configured: number, allowed: number): number =>
      readAheadChunks(
        {
          limits: { readAheadChunks: configured },
          pools: { fill: { allowedConnections: () => allowed } },
        },
        { name: 'origin', maxConnections: 32 },
      );
    t.same([limitAt(8, 8), limitAt(8, 12), limitAt(8, 32)], [8, 12, 32]);
    t.same([limitAt(8, 2), limitAt(3, 8), limitAt(3, 12)], [8, 3, 5]);
    t.same([limitAt(0, 8), limitAt(0, 32)], [0, 0], 'none is none');
  },
);

import t from 'tap';
import { changed, closing, purged } from '#src/cache/fill/reader-errors.js';

t.test("a reader's error is retryable when another request may succeed", (t) => {
  t.match(changed(), { code: 'origin-changed', source: 'origin', retryable: true });
  t.match(purged(), { code: 'purged', source: 'internal', retryable: true });
  t.match(closing(), { code: 'cancelled', source: 'internal', retryable: false });
  t.end();
});

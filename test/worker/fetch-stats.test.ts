/**
 * What a task's fetches cost: counted over attempts, and a report that later counts do not change.
 */
import t from 'tap';
import { StatsCollector } from '#src/worker/fetch-stats.js';

void t.test('stats are added up in order', (t) => {
  const stats = new StatsCollector();
  t.same(stats.stats, { originBytes: 0, statuses: [], retries: [], stalls: 0 });
  stats.answered(503);
  stats.broke('origin-status');
  stats.retried('origin-status');
  stats.answered(206);
  stats.received(10);
  stats.broke('origin-timeout');
  stats.retried('origin-timeout');
  stats.answered(206);
  stats.received(32);
  t.same(stats.stats, {
    originBytes: 42,
    statuses: [503, 206, 206],
    retries: ['origin-status', 'origin-timeout'],
    stalls: 1,
  });
  t.end();
});

void t.test('a report does not change afterwards', (t) => {
  const stats = new StatsCollector();
  const { stats: before } = stats;
  stats.answered(200);
  stats.retried('origin-reset');
  t.same(before, { originBytes: 0, statuses: [], retries: [], stalls: 0 });
  t.end();
});

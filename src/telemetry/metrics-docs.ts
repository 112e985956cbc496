/**
 * Writes docs/METRICS.md from the instruments, so that the two cannot differ. scripts/docs calls
 * it.
 */
import { Registry } from 'prom-client';
import { createInstruments, type InstrumentDescription, type Subject } from './instruments.js';

const SECTIONS: readonly { readonly subject: Subject; readonly title: string }[] = [
  { subject: 'requests', title: 'Requests' },
  { subject: 'origins', title: 'Origins' },
  { subject: 'cache', title: 'Cache' },
  { subject: 'process', title: 'Process' },
];

const OPENING = `# Metrics

<!-- Written by \`npm run docs\` from src/telemetry/instruments.ts. Change that, then run it. -->

\`GET /metrics\` on the admin listener (127.0.0.1:7081) gives these in the Prometheus text format, with the process's own
figures (\`process_*\`, \`nodejs_*\`). Units are base units; a unit of \`1\` is a plain number. Histograms have \`_bucket\`, \`_sum\`
and \`_count\`. No label holds a model's name or anything else that a client chooses.

\`result\` of a request is one of \`hit\`, \`miss\`, \`stale\` (revalidated with the origin), \`partial\` (some of the bytes
asked for were held), \`pass\` (passed on because of its method), \`error\` (the lookup or the body failed), \`refused\` (see \`forebay_rejected_requests_total\`).
`;

const CLOSING = `
## What to alert on

Thresholds are where to begin; set them from what is normal for you.

| when | what it means | what to do |
| --- | --- | --- |
| \`forebay_origin_breaker_state == 2\` for 5 min | an origin keeps failing and is left alone; what is held is still served | look at the origin and at \`forebay_origin_requests_total{code=~"5.."}\` |
| \`rate(forebay_requests_total{result="error"}[5m])\` above 1 % of all | clients get errors | the access log's \`code\` names each; [ERRORS.md](ERRORS.md) says what it means |
| \`forebay_stalled_transfers > 0\` for 5 min | fetches stand still and their retries do too | the network to the origin; \`fill.idleTimeout\` ends each attempt |
| \`increase(forebay_chunk_verify_failures_total{source="disk"}[1h]) > 0\` | the disk gave back other bytes than were written; they were fetched anew | the disk |
| \`increase(forebay_chunk_verify_failures_total{source="origin"}[1h]) > 0\` | an origin or something before it sends wrong bytes; none were completed | the origin, and proxies on the way |
| \`forebay_cache_writable == 0\` for 5 min | the disk is full, failing or read-only: everything is fetched again | the disk; \`forebay_disk_errors_total\` has the operation and errno |
| \`rate(forebay_evicted_bytes_total[1h])\` near \`rate(forebay_origin_bytes_total[1h])\` | the working set exceeds the capacity | raise \`cache.capacity\`, or pin less |
| \`rate(forebay_rejected_requests_total{reason="too-many-connections"}[5m]) > 0\` | clients are answered 503 | raise \`listen.maxConnections\`, or find who opens so many |
| \`histogram_quantile(0.99, rate(forebay_event_loop_lag_seconds_bucket[5m])) > 0.1\` | the main thread is blocked | CPU limits of the container; report it if there are none |
| \`increase(forebay_config_reloads_total{result="failure"}[1h]) > 0\` | the configuration on disk is wrong and not in use: the next start would fail | the log names each error |
| \`forebay_config_last_reload_success_timestamp_seconds\` older than your last rollout | the rollout did not reach this process | send SIGHUP |
`;

/** The text of docs/METRICS.md, with its final newline. */
export function metricsDocument(): string {
  const instruments = describeInstruments();
  const sections = SECTIONS.map(({ subject, title }) =>
    sectionText(
      title,
      instruments.filter((instrument) => instrument.subject === subject),
    ),
  );
  return `${OPENING}${sections.join('')}${CLOSING}`;
}

/** Every instrument, in the order of the page. */
export function describeInstruments(): readonly InstrumentDescription[] {
  const found: InstrumentDescription[] = [];
  createInstruments(new Registry(), (instrument) => found.push(instrument));
  return found;
}

/** The unit in the name's suffix, as Prometheus recommends: `1` for a plain number. */
export function unitOf(name: string): 'bytes' | 'seconds' | '1' {
  const unit = /_(bytes|seconds)(?:_total)?$/.exec(name)?.[1];
  return unit === 'bytes' || unit === 'seconds' ? unit : '1';
}

function sectionText(title: string, instruments: readonly InstrumentDescription[]): string {
  return [
    '',
    `## ${title}`,
    '',
    '| name | type | labels | unit | meaning |',
    '| --- | --- | --- | --- | --- |',
    ...instruments.map(row),
    '',
  ].join('\n');
}

function row({ name, type, labels, help }: InstrumentDescription): string {
  const shown = labels.map((label) => `\`${label}\``).join(', ');
  return `| ${[`\`${name}\``, type, shown, unitOf(name), help].join(' | ')} |`;
}

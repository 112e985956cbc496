import t from 'tap';
import { createTelemetry } from '#src/telemetry/telemetry.js';

t.test('createTelemetry makes log, access log and metrics together', (t) => {
  const lines: string[] = [];
  const telemetry = createTelemetry(
    { level: 'warn', format: 'json', access: true },
    { write: (line) => lines.push(line) },
  );
  telemetry.log.info({}, 'quiet');
  telemetry.log.warn({ a: 1 }, 'loud');
  t.equal(lines.length, 1);
  t.match(lines[0], /"msg":"loud"/);
  t.ok(telemetry.metrics.contentType);
  telemetry.flush();
  t.end();
});

t.test('no access line is built where its level is not written', (t) => {
  const options = { level: 'warn', format: 'json', access: true } as const;
  const telemetry = createTelemetry(options, { write: () => undefined });
  t.equal(telemetry.accessLog.enabled, false);
  telemetry.reconfigure({ ...options, level: 'debug' });
  t.equal(telemetry.accessLog.enabled, true);
  telemetry.reconfigure({ ...options, level: 'debug', access: false });
  t.equal(telemetry.accessLog.enabled, false);
  t.end();
});

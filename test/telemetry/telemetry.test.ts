import t from 'tap';
import { createTelemetry } from '#src/telemetry/telemetry.js';

t.test('log, access log and metrics, together', (t) => {
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

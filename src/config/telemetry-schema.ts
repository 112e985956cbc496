/** The schemas of the sections `log` and `tracing`. Part of config/schema. */
import { originUrl } from './kinds.js';
import { choice, fraction, optionalText, section, toggle } from './setting.js';

export const log = section({
  level: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'info', {
    meaning: 'The least severe level that is logged.',
    flag: '--log-level',
  }),
  format: choice(['json', 'text'], 'json', {
    meaning:
      'The format of the log on standard output. `json`: one object a line. `text`: the same fields, for reading in ' +
      'a terminal.',
    flag: '--log-format',
  }),
  access: toggle(true, { meaning: 'Whether a line is logged for each request.' }),
});

export const tracing = section({
  endpoint: optionalText(originUrl, 'none: no spans', {
    meaning:
      'The base URL of an OpenTelemetry collector (OTLP over HTTP), such as http://127.0.0.1:4318. Spans of ' +
      "requests, lookups and fills are sent to it. A client's trace context is forwarded even without it.",
  }),
  sampleRatio: fraction(1, {
    meaning:
      'The share of traces that is recorded, of those that start here. For the others the client has decided.',
  }),
});

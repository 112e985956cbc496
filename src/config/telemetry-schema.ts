/** The schemas of `log` and `tracing`. A part of config/schema. */
import { originUrl } from './kinds.js';
import { choice, fraction, optionalText, section, toggle } from './setting.js';

export const log = section({
  level: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'info', {
    meaning: 'The least severe level that is logged.',
    flag: '--log-level',
  }),
  format: choice(['json', 'text'], 'json', {
    meaning:
      '`json`: one object a line, on standard output. `text`: for people at a terminal, the same fields.',
    flag: '--log-format',
  }),
  access: toggle(true, { meaning: 'Whether each request is logged with a line.' }),
});

export const tracing = section({
  endpoint: optionalText(originUrl, 'none: no spans', {
    meaning:
      'The base URL of an OpenTelemetry collector (OTLP over HTTP), such as http://127.0.0.1:4318. Spans of ' +
      'requests, lookups and fills are sent there. A trace that a client names is passed on either way.',
  }),
  sampleRatio: fraction(1, {
    meaning:
      'Of the traces that begin here, how many are recorded. In others the client has decided.',
  }),
});

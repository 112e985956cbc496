// Writes the pages that come from the program itself: docs/CONFIG.md from the schema,
// docs/METRICS.md from the instruments. `npm run docs` builds first, then runs this.
import { writeFileSync } from 'node:fs';
import { configDocument } from '../dist/config/docs.js';
import { metricsDocument } from '../dist/telemetry/metrics-docs.js';

const docs = new URL('../docs/', import.meta.url);
writeFileSync(new URL('CONFIG.md', docs), configDocument());
writeFileSync(new URL('METRICS.md', docs), metricsDocument());

import { readFileSync } from 'node:fs';
import t from 'tap';
import * as codes from '#src/cli/exit-codes.js';

t.test('every code is documented', async (t) => {
  const document = readFileSync(new URL('../../../docs/ERRORS.md', import.meta.url), 'utf8');
  const section = document.slice(document.indexOf('## Exit codes'));
  for (const [name, code] of Object.entries(codes)) {
    t.match(section, new RegExp(`^\\| ${String(code)} +\\|`, 'm'), name);
  }
});

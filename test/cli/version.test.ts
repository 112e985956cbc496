import { readFileSync } from 'node:fs';
import t from 'tap';
import { readVersion } from '#src/cli/version.js';

t.test("the program's version equals package.json's", async (t) => {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  t.match(JSON.parse(text), { version: readVersion() });
});

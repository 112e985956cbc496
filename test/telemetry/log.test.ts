import t from 'tap';
import { createLog } from '#src/telemetry/log.js';

function collect(level: 'info' | 'debug' | 'silent') {
  const lines: string[] = [];
  const handle = createLog({ level, format: 'json' }, { write: (line) => lines.push(line) });
  const entries = (): Record<string, unknown>[] =>
    lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { ...handle, lines, entries };
}

t.test('a log entry is one JSON line with level name and ISO time', (t) => {
  const { log, lines, entries } = collect('info');
  log.info({ a: 1 }, 'hello\nworld');
  t.equal(lines.length, 1);
  t.match(lines[0], /^[^\n]+\n$/);
  t.match(entries()[0], { level: 'info', a: 1, msg: 'hello\nworld', time: /^\d{4}-.*Z$/ });
  t.end();
});

t.test('entries below the level are not written', (t) => {
  const info = collect('info');
  info.log.debug({}, 'x');
  info.log.error({}, 'y');
  t.match(info.entries(), [{ level: 'error' }]);
  t.equal(info.entries().length, 1);
  const silent = collect('silent');
  silent.log.fatal({}, 'z');
  t.same(silent.lines, []);
  t.end();
});

t.test('a change of level and format applies to the next entry', (t) => {
  const { log, lines, reconfigure } = collect('info');
  log.debug({}, 'not yet');
  reconfigure({ level: 'debug', format: 'text' });
  log.debug({ a: 1, token: 'secret' }, 'now');
  reconfigure({ level: 'error', format: 'json' });
  log.warn({}, 'not any more');
  t.equal(lines.length, 1);
  t.match(lines[0], /^\S+Z DEBUG now a=1 token=\[redacted\]\n$/);
  t.end();
});

t.test('secrets are removed at the depths where they occur', (t) => {
  const { log, lines } = collect('info');
  log.info({ url: 'https://h/?sig=secret', authorization: 'secret' }, 'a');
  log.info({ target: { url: 'secret', token: 'secret' } }, 'b');
  log.info({ request: { headers: { Cookie: 'x', cookie: 'secret' } } }, 'c');
  log.info({ headers: { authorization: 'Bearer secret', 'set-cookie': ['secret'] } }, 'd');
  t.notMatch(lines.join(''), /secret/);
  t.equal(lines.length, 4);
  t.end();
});

t.test('flush of a log with another destination does nothing', (t) => {
  const { flush } = collect('info');
  t.doesNotThrow(flush);
  t.end();
});

import t from 'tap';
import { textLine } from '#src/telemetry/text-line.js';

const line = (fields: object): string =>
  textLine(`${JSON.stringify({ level: 'warn', time: '2026-01-02T03:04:05.678Z', ...fields })}\n`);

t.test('a text line has time, level, message and fields', async (t) => {
  t.equal(
    line({ method: 'GET', path: '/a/b', range: null, status: 206, msg: 'request failed' }),
    '2026-01-02T03:04:05.678Z WARN  request failed method=GET path=/a/b status=206\n',
  );
  t.equal(line({ level: 'error', keys: ['a b'], msg: 'x' }).slice(25), 'ERROR x keys=["a b"]\n');
});

t.test('client input forges no field, line or escape sequence', async (t) => {
  t.match(line({ path: '/a status=200', msg: 'm' }), 'path="/a status=200"');
  t.match(line({ path: 'a"\nERROR', msg: 'm' }), String.raw`path="a\"\nERROR"`);
  t.match(line({ path: '\u001b[2J\u009b2J', msg: 'm' }), String.raw`path="\u001b[2J\u009b2J"`);
  t.match(line({ msg: 'a\u001b[2J' }), String.raw`"a\u001b[2J"`);
  t.match(line({ path: '', msg: 'm' }), 'path=""');
});

t.test('a line that is no JSON object is unchanged', async (t) => {
  t.equal(textLine('not json\n'), 'not json\n');
  t.equal(textLine('5\n'), '5\n');
});

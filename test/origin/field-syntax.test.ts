import t from 'tap';
import { isFieldName, isFieldValue } from '#src/origin/field-syntax.js';

void t.test('every character on the side that RFC 9110 puts it', (t) => {
  const tokens = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  for (let code = 0; code < 0x200; code++) {
    const character = String.fromCharCode(code);
    t.equal(isFieldName(`x${character}`), tokens.includes(character), `name: ${String(code)}`);
    const isText = code === 9 || (code >= 32 && code <= 255 && code !== 127);
    t.equal(isFieldValue(`x${character}`), isText, `value: ${String(code)}`);
  }
  t.equal(isFieldName(''), false);
  t.equal(isFieldValue(''), true);
  t.equal(isFieldName('a\n'), false);
  t.equal(isFieldValue('a\n'), false);
  t.end();
});

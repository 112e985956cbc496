import t from 'tap';
import { isId, parseChunkId, parseObjectKey, parseResponseKey } from '#src/model/ids.js';

t.test('an id is 64 lower-case hex digits, so that none can leave its directory', async (t) => {
  const id = '0123456789abcdef'.repeat(4);
  t.ok(isId(id));
  const parsers: ((text: string) => string | undefined)[] = [
    parseChunkId,
    parseObjectKey,
    parseResponseKey,
  ];
  for (const parse of parsers) t.equal(parse(id), id);
  for (const text of [
    '',
    id.toUpperCase(),
    id.slice(1),
    `${id}0`,
    `${id}\n`,
    `../${id.slice(3)}`,
    `${id.slice(1)}/`,
    `${id.slice(1)}\0`,
    '０'.repeat(64),
  ]) {
    t.notOk(isId(text), JSON.stringify(text));
    for (const parse of parsers) t.equal(parse(text), undefined);
  }
});

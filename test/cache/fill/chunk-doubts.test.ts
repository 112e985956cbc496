import t from 'tap';
import { ChunkDoubts } from '#src/cache/fill/chunk-doubts.js';

t.test('a first mismatch leads to one more fetch, a second one ends the doubt', async (t) => {
  const doubts = new ChunkDoubts();
  t.equal(doubts.has(3), false);
  t.equal(doubts.differed(3), true);
  t.equal(doubts.has(3), true);
  t.equal(doubts.differed(3), false);
  t.equal(doubts.has(3), false);
});

t.test('two equal full fetches replace the record; two different ones fail', async (t) => {
  const doubts = new ChunkDoubts();
  doubts.differed(0);
  t.equal(doubts.compare(0, 'a'), 'again');
  t.equal(doubts.compare(0, 'a'), 'agreed');
  doubts.settle(0);
  t.equal(doubts.has(0), false);
  doubts.differed(0);
  t.equal(doubts.compare(0, 'a'), 'again');
  t.equal(doubts.compare(0, 'b'), 'contradicted');
  t.equal(doubts.has(0), false);
});

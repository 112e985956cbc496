import t from 'tap';
import { nextLink } from '#src/model/link-field.js';

t.test('nextLink returns the target of rel=next', async (t) => {
  for (const field of [
    '</a>; rel="next"',
    '</a>;rel=next',
    '</a> ; REL = "prev NEXT" ; title="x"',
    '</x>; rel="prev", </a>; rel="next", </y>; rel="next"',
    '</x>; title="</y>; rel=next", </a>; title="a \\" b"; rel=next',
    '</a>; type; rel=next',
  ]) {
    t.equal(nextLink(field), '/a', field);
  }
});

t.test('nextLink returns undefined for any other field', async (t) => {
  for (const field of [
    '',
    'nonsense',
    '</a>',
    '</a; rel=next',
    '</a>; rel="nextish"',
    '</a>; rel=prev; rel=next',
    '</a>; title="rel=next"',
    '</a> rel=next',
    '</a>; rel="next',
  ]) {
    t.equal(nextLink(field), undefined, field);
  }
});

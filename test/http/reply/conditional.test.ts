import fc from 'fast-check';
import t from 'tap';
import { evaluate, ifRangeAllows } from '#src/http/reply/conditional.js';
import { toHeaderMap } from '#src/model/headers.js';

const NOW = Date.UTC(2026, 5, 1);
const BEFORE = 'Wed, 01 Jan 2025 00:00:00 GMT';
const MODIFIED = 'Thu, 02 Jan 2025 00:00:00 GMT';
const AFTER = 'Fri, 03 Jan 2025 00:00:00 GMT';

const STORED = { etag: '"a,b"', 'last-modified': MODIFIED, date: AFTER };

function judge(request: Record<string, string>, stored: object = STORED, status = 200): string {
  const headers = toHeaderMap(stored as Record<string, string>);
  return evaluate(toHeaderMap(request), { headers, status }, NOW);
}

t.test('If-None-Match compares weakly, through lists', (t) => {
  for (const field of [
    '"a,b"',
    ', "a,b"',
    'W/"a,b"',
    '"x", "a,b"',
    '"x" ,\tW/"a,b" , "y"',
    '*',
    ' * ',
  ]) {
    t.equal(judge({ 'if-none-match': field }), 'not-modified', field);
  }
  for (const field of ['"a"', '"b"', 'a,b', '"a,b', '', '""', '"x"; "a,b"']) {
    t.equal(judge({ 'if-none-match': field }), 'proceed', field);
  }
  t.equal(judge({ 'if-none-match': '"w"' }, { etag: 'W/"w"' }), 'not-modified');
  t.equal(judge({ 'if-none-match': '"w"' }, {}), 'proceed', 'nothing to compare with');
  t.end();
});

t.test('If-Match uses the strong comparison', (t) => {
  t.equal(judge({ 'if-match': '"a,b"' }), 'proceed');
  t.equal(judge({ 'if-match': '*' }), 'proceed');
  t.equal(judge({ 'if-match': 'W/"a,b"' }), 'precondition-failed');
  t.equal(judge({ 'if-match': '"other"' }), 'precondition-failed');
  t.equal(judge({ 'if-match': '"w"' }, { etag: 'W/"w"' }), 'precondition-failed');
  t.equal(judge({ 'if-match': '"w"' }, {}), 'precondition-failed');
  t.end();
});

t.test('If-Modified-Since and If-Unmodified-Since compare with the stored date', (t) => {
  t.equal(judge({ 'if-modified-since': AFTER }), 'not-modified');
  t.equal(judge({ 'if-modified-since': MODIFIED }), 'not-modified');
  t.equal(judge({ 'if-modified-since': BEFORE }), 'proceed');
  t.equal(judge({ 'if-modified-since': 'tomorrow' }), 'proceed');
  t.equal(judge({ 'if-modified-since': AFTER }, { etag: '"a"' }), 'proceed', 'no date stored');
  t.equal(judge({ 'if-unmodified-since': BEFORE }), 'precondition-failed');
  t.equal(judge({ 'if-unmodified-since': MODIFIED }), 'proceed');
  t.equal(judge({ 'if-unmodified-since': '2020' }), 'proceed');
  t.end();
});

t.test('preconditions have the precedence of RFC 9110 section 13.2.2', (t) => {
  t.equal(
    judge({ 'if-match': '"a,b"', 'if-unmodified-since': BEFORE }),
    'proceed',
    'If-Match makes If-Unmodified-Since void',
  );
  t.equal(
    judge({ 'if-none-match': '"x"', 'if-modified-since': AFTER }),
    'proceed',
    'If-None-Match makes If-Modified-Since void',
  );
  t.equal(
    judge({ 'if-match': '"x"', 'if-none-match': '"a,b"' }),
    'precondition-failed',
    'If-Match comes first',
  );
  t.equal(judge({ 'if-match': '"a,b"', 'if-none-match': '"a,b"' }), 'not-modified');
  t.equal(judge({ 'if-match': '"x"' }, STORED, 404), 'proceed', 'only 2xx has conditions');
  t.end();
});

t.test('ifRangeAllows accepts a strong ETag and a strong date only', (t) => {
  const allows = (value: string | undefined, stored: Record<string, string> = STORED): boolean =>
    ifRangeAllows(toHeaderMap({ 'if-range': value }), { headers: toHeaderMap(stored) }, NOW);
  t.equal(allows(undefined), true);
  t.equal(allows('"a,b"'), true);
  t.equal(allows('W/"a,b"'), false, 'weak');
  t.equal(allows('"x"'), false);
  t.equal(allows('"w"', { etag: 'W/"w"' }), false, 'stored weak');
  t.equal(allows('*'), false);
  t.equal(allows(MODIFIED), true);
  t.equal(allows(AFTER), false, 'exact match only, not "since"');
  t.equal(allows(MODIFIED, { 'last-modified': MODIFIED, date: MODIFIED }), false, 'weak date');
  t.equal(allows(MODIFIED, { 'last-modified': MODIFIED }), false, 'no Date to judge by');
  t.equal(allows('garbage', { 'last-modified': 'garbage' }), false);
  t.end();
});

t.test('If-Range with a date uses its strength at the time the content came', (t) => {
  const headers = toHeaderMap({ 'last-modified': MODIFIED, date: AFTER });
  const allows = (strong: boolean): boolean => {
    const validator = { kind: 'last-modified', strong, value: MODIFIED } as const;
    return ifRangeAllows(toHeaderMap({ 'if-range': MODIFIED }), { headers, validator }, NOW);
  };
  t.same([allows(true), allows(false)], [true, false]);
  t.end();
});

t.test('If-Modified-Since of a response without Date uses the time it came', (t) => {
  const since = (date: string) => {
    const request = toHeaderMap({ 'if-modified-since': date });
    const stored = { headers: toHeaderMap({}), status: 200, receivedAtMs: Date.parse(MODIFIED) };
    return evaluate(request, stored, NOW);
  };
  t.same([since(BEFORE), since(AFTER)], ['proceed', 'not-modified']);
  t.end();
});

t.test('property: evaluating preconditions never throws', (t) => {
  const names = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'];
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom(...names), fc.string()),
      fc.string(),
      (request, tag) => {
        judge(request, { etag: tag, 'last-modified': tag });
        ifRangeAllows(
          toHeaderMap({ 'if-range': tag }),
          { headers: toHeaderMap({ etag: tag }) },
          NOW,
        );
      },
    ),
  );
  t.end();
});

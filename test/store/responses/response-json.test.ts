import fc from 'fast-check';
import t from 'tap';
import { toHeaderMap } from '#src/model/headers.js';
import type { ResponseRecord } from '#src/model/response.js';
import { identityJson } from '#src/store/objects/identity-json.js';
import { encodeLine } from '#src/store/objects/record-line.js';
import { encodeResponse, parseResponse } from '#src/store/responses/response-json.js';
import { identityOf } from '../../fixtures/store-chunks.js';

const VARIANT = {
  kind: 'response' as const,
  order: 7,
  status: 200,
  headers: toHeaderMap({ etag: '"a"', 'set-cookie': ['a=1', 'b=2'] }),
  requestHeaders: toHeaderMap({}),
  requestTimeMs: 1000,
  responseTimeMs: 1010,
  hops: [
    {
      status: 302,
      headers: toHeaderMap({ vary: 'accept' }),
      requestTimeMs: 900,
      responseTimeMs: 950,
      shown: [],
    },
  ],
  object: identityOf('model', 1000),
};
/** As a record has it. */
const WRITTEN = { ...VARIANT, object: identityJson(VARIANT.object) };
const RECORD: ResponseRecord = {
  origin: 'hub',
  uri: 'https://origin.example/model',
  acceptsRanges: true,
  variants: [VARIANT],
};

t.test('a written record is read back', (t) => {
  t.strictSame(parseResponse(encodeResponse(RECORD)), RECORD);
  t.end();
});

t.test('header maps have no prototype, whatever their names', (t) => {
  const headers = toHeaderMap({ ['__proto__']: 'x', constructor: 'y' });
  const read = parseResponse(encodeResponse({ ...RECORD, variants: [{ ...VARIANT, headers }] }));
  const map = read?.variants[0]?.headers;
  t.equal(map && Object.getPrototypeOf(map), null);
  t.equal(map?.['__proto__'], 'x');
  t.equal(map?.['constructor'], 'y');
  t.end();
});

t.test('a record without redirect information is not read', (t) => {
  const { hops, ...before } = WRITTEN;
  const parse = (variant: unknown) =>
    parseResponse(encodeLine({ kind: 'response', record: { ...RECORD, variants: [variant] } }));
  t.equal(parse(before), undefined, 'a record of before redirects were kept');
  t.ok(parse({ ...before, hops: [] }));
  for (const field of Object.keys(hops[0] ?? {})) {
    t.equal(parse({ ...before, hops: [{ ...hops[0], [field]: { odd: true } }] }), undefined, field);
  }
  t.end();
});

t.test('every field of a record is checked', (t) => {
  const parse = (record: unknown) => parseResponse(encodeLine({ kind: 'response', record }));
  for (const field of Object.keys(RECORD)) {
    t.equal(parse({ ...RECORD, [field]: { odd: true } }), undefined, field);
  }
  for (const field of Object.keys(VARIANT)) {
    t.equal(parse({ ...RECORD, variants: [{ ...VARIANT, [field]: 'odd' }] }), undefined, field);
  }
  const headers = { etag: 5 };
  t.equal(parse({ ...RECORD, variants: [{ ...VARIANT, headers }] }), undefined);
  t.equal(parseResponse(encodeLine({ kind: 'object', record: RECORD })), undefined);
  t.equal(parseResponse(Buffer.alloc(0)), undefined);
  t.end();
});

t.test('damage is detected, and nothing throws', (t) => {
  const whole = encodeResponse(RECORD);
  fc.assert(
    fc.property(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 7 }), (at, bit) => {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
      return (
        parseResponse(bytes) === undefined && parseResponse(whole.subarray(0, at)) === undefined
      );
    }),
  );
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      parseResponse(encodeLine({ kind: 'response', record: value }));
      return true;
    }),
  );
  t.end();
});

t.test('a record without a known kind is not read', (t) => {
  const read = (variant: object) => {
    const record = { ...RECORD, variants: [variant] };
    return parseResponse(encodeLine({ kind: 'response', record }))?.variants[0];
  };
  for (const kind of ['response', 'hub-json', 'hub-permission', 'hub-refusal']) {
    t.match(read({ ...WRITTEN, kind }), { kind, order: VARIANT.order });
  }
  for (const kind of ['', 'hub', null, 5, undefined]) {
    t.equal(read({ ...WRITTEN, kind }), undefined, String(kind));
  }
  t.equal(read({ ...WRITTEN, order: undefined }), undefined);
  t.end();
});

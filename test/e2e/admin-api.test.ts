/**
 * The admin API of a whole Forebay: every operation once, its shapes, its token, its description.
 */
import { Validator } from '@seriousme/openapi-schema-validator';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { z } from 'zod';
import { MAX_LISTENERS } from '#src/admin/feeds.js';
import {
  cacheStatusSchema,
  errorBody,
  objectList,
  pinChange,
  pinList,
  pull,
  type Pull,
  purgeReport,
  transferList,
  type TransferList,
  verification,
  type VerificationBody,
} from '#src/admin/shapes.js';
import { adminOf, type Answer } from '../fixtures/admin-client.js';
import { startForebay } from '../fixtures/running.js';
import { fresh, runOrigin, sizeOf } from '../fixtures/running-origin.js';

async function start(t: Test) {
  const origin = await runOrigin(t, {
    '/a/1': fresh(1, 3),
    '/a/2': fresh(2, 1),
    '/b': fresh(3, 1),
  });
  const forebay = await startForebay(t, { origin });
  return { origin, forebay, admin: adminOf(forebay) };
}

/** What the shape says, and nothing beside it. */
function has<Shape extends z.ZodType>(t: Test, shape: Shape, answer: Answer, status = 200) {
  t.equal(answer.status, status, JSON.stringify(answer.body));
  const body = shape.parse(answer.body);
  t.same(body, answer.body);
  return body;
}

interface Document {
  readonly paths: Record<string, Record<string, { security: unknown[]; operationId: string }>>;
}

t.test('the description is OpenAPI, and has every route', async (t) => {
  const { admin } = await start(t);
  const document = await admin.read<Document>('/openapi.json');
  const validated = await new Validator().validate({ ...document });
  t.same(validated.errors ?? [], []);
  t.ok(validated.valid);
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => {
      const needs = security.length > 0 ? ' token' : '';
      return `${method.toUpperCase()} ${path}${needs}`;
    }),
  );
  t.same(operations.sort(), [
    'DELETE /api/v1/pins token',
    'DELETE /api/v1/pulls/{id} token',
    'DELETE /api/v1/verify/{id} token',
    'GET /api/v1/cache',
    'GET /api/v1/objects',
    'GET /api/v1/pins',
    'GET /api/v1/proof',
    'GET /api/v1/pulls/{id}',
    'GET /api/v1/pulls/{id}/events',
    'GET /api/v1/transfers',
    'GET /api/v1/transfers/events',
    'GET /api/v1/verify/{id}',
    'GET /healthz',
    'GET /metrics',
    'GET /openapi.json',
    'GET /readyz',
    'POST /api/v1/pins token',
    'POST /api/v1/pulls token',
    'POST /api/v1/purge token',
    'POST /api/v1/verify token',
  ]);
});

t.test('requests that change something need the token', async (t) => {
  const { forebay, admin } = await start(t);
  await forebay.get('/b');
  await forebay.holds(1);
  for (const [authorization, challenge] of [
    [undefined, 'Bearer realm="forebay"'],
    ['Basic Zm9vOmJhcg==', 'Bearer realm="forebay"'],
    ['Bearer 0123456789abcdef0123', 'Bearer realm="forebay", error="invalid_token"'],
  ] as const) {
    const refused = await fetch(`${forebay.adminUrl}/api/v1/purge`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
      body: '{}',
    });
    t.equal(refused.status, 401);
    t.equal(refused.headers.get('www-authenticate'), challenge);
    t.match(await refused.json(), { error: { code: 'token-required' } });
  }
  t.match(await admin.read('/api/v1/cache'), { objects: 1 }, 'nothing went');
  const stat = readFileSync(join(forebay.directory, 'admin-token'), 'utf8');
  t.match(stat, /^[0-9a-f]{64}\n$/);
});

t.test('objects are listed, pinned and purged', async (t) => {
  const { forebay, admin } = await start(t);
  for (const path of ['/a/1', '/a/2', '/b']) await forebay.get(path);
  await forebay.holds(5);
  const page = has(t, objectList, await admin.get('/api/v1/objects?prefix=/a/&limit=1'));
  t.match(page.objects, [{ target: '/a/1', heldBytes: sizeOf(3), chunks: 3, pinned: false }]);
  const next = await admin.get(`/api/v1/objects?prefix=/a/&limit=1&cursor=${page.next ?? ''}`);
  t.match(has(t, objectList, next), { objects: [{ target: '/a/2' }], next: null });
  t.match(has(t, errorBody, await admin.get('/api/v1/objects?limit=0'), 400), {});

  const pin = { origin: 'origin', pathPrefix: '/a/' };
  t.match(has(t, pinChange, await admin.post('/api/v1/pins', pin)), { pins: [pin], kept: true });
  t.match(has(t, pinList, await admin.get('/api/v1/pins')), { pins: [pin] });
  const pinned = has(t, objectList, await admin.get('/api/v1/objects'));
  t.same(
    pinned.objects.map((object) => object.pinned),
    [true, true, false],
  );
  has(t, errorBody, await admin.post('/api/v1/pins', { ...pin, origin: 'other' }), 404);
  t.same(has(t, pinChange, await admin.delete('/api/v1/pins', pin)).pins, []);
  has(t, errorBody, await admin.delete('/api/v1/pins', pin), 404);

  const selected = { origin: 'origin', pathPrefix: '/a/' };
  const counted = { objects: 2, responses: 2, bytes: sizeOf(3) + sizeOf(1) };
  const dry = await admin.post('/api/v1/purge', { ...selected, dryRun: true });
  t.same(has(t, purgeReport, dry), { dryRun: true, ...counted });
  t.equal(has(t, cacheStatusSchema, await admin.get('/api/v1/cache')).chunks, 5);
  // A misspelt selection would select everything.
  has(t, errorBody, await admin.post('/api/v1/purge', { pathPrefx: '/a/' }), 400);
  t.equal(has(t, cacheStatusSchema, await admin.get('/api/v1/cache')).chunks, 5);
  const wet = await admin.post('/api/v1/purge', selected);
  t.same(has(t, purgeReport, wet), { dryRun: false, ...counted });
  t.match(has(t, cacheStatusSchema, await admin.get('/api/v1/cache')), { chunks: 1, objects: 1 });
});

t.test('a pull fetches objects and reports its progress', async (t) => {
  const { origin, forebay, admin } = await start(t);
  const urls = ['/a/1', `${origin.url}/b`];
  const { id } = has(t, pull, await admin.post('/api/v1/pulls', { urls }), 202);
  let last: Pull | undefined;
  for await (const event of admin.events(t, `/api/v1/pulls/${id}/events`)) last = pull.parse(event);
  t.match(last, {
    state: 'done',
    items: [
      { url: '/a/1', receivedBytes: sizeOf(3), committedBytes: sizeOf(3), state: { kind: 'done' } },
      { url: urls[1], target: '/b', receivedBytes: sizeOf(1), error: null },
    ],
  });
  t.match(has(t, pull, await admin.get(`/api/v1/pulls/${id}`)), { state: 'done' });
  t.equal(has(t, pull, await admin.delete(`/api/v1/pulls/${id}`)).state, 'done', 'it was over');
  await forebay.get('/a/1');
  t.equal(origin.bodyBytes, sizeOf(3) + sizeOf(1), 'who asks later finds it');
  has(t, errorBody, await admin.get('/api/v1/pulls/0123456789abcdef'), 404);
  has(t, errorBody, await admin.get('/api/v1/pulls/x'), 400);
  has(t, errorBody, await admin.post('/api/v1/pulls', { urls: [] }), 400);
  has(t, errorBody, await admin.post('/api/v1/pulls', { urls: ['http://other.example/b'] }), 404);
});

t.test('a verification covers every held chunk', async (t) => {
  const { forebay, admin } = await start(t);
  await forebay.get('/a/1');
  await forebay.holds(3);
  const { id } = has(t, verification, await admin.post('/api/v1/verify', {}), 202);
  const look = (): Promise<VerificationBody> => admin.read(`/api/v1/verify/${id}`);
  const ended = await admin.until(look, ({ state }) => state === 'done');
  t.match(ended, { chunks: { total: 3, checked: 3, bad: 0 }, checkedBytes: sizeOf(3), bad: [] });
  has(t, verification, await admin.delete(`/api/v1/verify/${id}`));
  has(t, errorBody, await admin.get('/api/v1/verify/0123456789abcdef'), 404);
});

t.test('event streams report transfers as they change', async (t) => {
  const { forebay, admin } = await start(t);
  const events = admin.events(t, '/api/v1/transfers/events');
  t.same(transferList.parse((await events.next()).value).transfers, []);
  await forebay.get('/b');
  for (;;) {
    const { transfers } = (await events.next()).value as TransferList;
    if (transfers.length > 0 && transfers.every(({ state }) => state.kind === 'done')) break;
  }
  const { body } = await admin.get('/nothing');
  t.match(errorBody.parse(body), { error: { code: 'no-such-route' } });
});

t.test('a body of another media type is refused', async (t) => {
  const { forebay, admin } = await start(t);
  await forebay.get('/b');
  await forebay.holds(1);
  for (const dryRun of [null, 0, '', 'false', []]) {
    has(t, errorBody, await admin.post('/api/v1/purge', { dryRun }), 400);
  }
  has(t, errorBody, await admin.post('/api/v1/purge', null), 400);
  for (const pathPrefix of [null, 1, ['/b']]) {
    const wrong = { origin: 'origin', pathPrefix };
    has(t, errorBody, await admin.post('/api/v1/purge', wrong), 400);
    has(t, errorBody, await admin.post('/api/v1/verify', wrong), 400);
    has(t, errorBody, await admin.post('/api/v1/pins', wrong), 400);
    has(t, errorBody, await admin.delete('/api/v1/pins', wrong), 400);
  }
  for (const urls of ['/b', [1], [null], null]) {
    has(t, errorBody, await admin.post('/api/v1/pulls', { urls }), 400);
  }
  t.equal(await forebay.metric('forebay_cache_chunks'), 1, 'nothing went');
  t.same(await admin.read('/api/v1/pins'), { pins: [] });
});

t.test('HEAD of a feed ends at once and counts as no listener', async (t) => {
  const { forebay, admin } = await start(t);
  const { body } = await admin.post('/api/v1/pulls', { urls: ['/b'] });
  const feeds = ['/api/v1/transfers/events', `/api/v1/pulls/${(body as Pull).id}/events`];
  for (let i = 0; i <= MAX_LISTENERS; i += 1) {
    for (const path of feeds) {
      const head = await fetch(forebay.adminUrl + path, { method: 'HEAD' });
      t.equal(head.status, 200);
      t.equal(head.headers.get('content-type'), 'text/event-stream');
    }
  }
  const events = admin.events(t, '/api/v1/transfers/events');
  t.equal((await events.next()).done, false, 'a listener is still welcome');
  const none = await fetch(`${forebay.adminUrl}/api/v1/pulls/0123456789abcdef/events`, {
    method: 'HEAD',
  });
  t.equal(none.status, 404);
});

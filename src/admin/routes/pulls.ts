/** The operations on pulls, which fetch URLs into the cache before clients request them. */
import { z } from 'zod';
import type { PullOrder } from '../../cache/operator/pull-item.js';
import {
  MAX_URLS,
  type PulledModel,
  type Pulls,
  type PullSnapshot,
} from '../../cache/operator/pulls.js';
import { type EndpointAnswer, type Endpoint, endpoint, json, problem } from '../endpoint.js';
import type { FeedLook, Feeds } from '../feeds.js';
import { type HubDeps, ListingError } from '../hub-client.js';
import { orderModel } from '../hub-model.js';
import { pullTarget } from '../pull-target.js';
import type { PullsView } from '../pulls-view.js';
import { errorBody, idParams, pull } from '../shapes.js';

/** A hub's URLs have some 150 characters; no server accepts more than 8 KiB. */
const MAX_URL_LENGTH = 2048;

/** A pattern matches a path, for which the Hub allows some hundred characters. */
const patterns = z.array(z.string().min(1).max(512)).max(64);

const urlsRequest = z.strictObject({
  urls: z
    .array(z.string().min(1).max(MAX_URL_LENGTH))
    .min(1)
    .max(MAX_URLS)
    .describe("Paths of the client listener, or URLs below a configured origin's url."),
});

const modelRequest = z.strictObject({
  model: z
    .string()
    .min(1)
    .max(208)
    .describe('`org/name`, or `datasets/org/name`, at the hub whose mirror is mounted at `/`.'),
  revision: z.string().min(1).max(255).optional().describe('Default: `main`.'),
  include: patterns.optional().describe('Shell patterns; by default all files.'),
  exclude: patterns.optional(),
  token: z
    .string()
    .regex(/^[\x21-\x7e]{1,512}$/)
    .optional()
    .describe('A token for the hub. Kept until the pull ends, and sent to the hub alone.'),
});

export const pullRequestSchema = z.union([urlsRequest, modelRequest]);

const unknown = { 404: { description: 'There is no such pull.', schema: errorBody } };

export interface PullDeps {
  readonly pulls: Pulls;
  readonly view: PullsView;
  readonly feeds: Feeds;
  /** Lists models; its origins resolve URLs. */
  readonly hub: HubDeps;
}

export function pullEndpoints({ pulls, view, feeds, hub }: PullDeps): Endpoint[] {
  const answer = (found: PullSnapshot | undefined): EndpointAnswer =>
    found === undefined ? noSuchPull() : json(view.look(found));
  const lookAt = (id: string, first: PullSnapshot): (() => FeedLook) => {
    let known = first;
    return () => {
      known = pulls.get(id) ?? known;
      const data = view.look(known);
      return { data, signature: JSON.stringify(data), last: known.state !== 'running' };
    };
  };
  const start = (orders: readonly PullOrder[], model: PulledModel | null): EndpointAnswer => {
    const started = pulls.start(orders, model);
    if (started !== undefined) return json(view.look(started), 202);
    return problem(409, 'too-many-pulls', 'too many pulls are running; wait or cancel one');
  };
  const startUrls = (urls: readonly string[]): EndpointAnswer => {
    const targets = [];
    for (const url of urls) {
      const target = pullTarget(url, hub.origins());
      if (target === undefined) {
        return problem(404, 'no-such-origin', `the URL is below no configured origin: ${url}`);
      }
      targets.push(target);
    }
    return start(targets, null);
  };
  const startModel = async (request: z.output<typeof modelRequest>): Promise<EndpointAnswer> => {
    const { model, revision = 'main', include = [], exclude = [], token = null } = request;
    try {
      const found = await orderModel({ model, revision, include, exclude, token }, hub);
      return start(found.orders, found.model);
    } catch (error) {
      if (!(error instanceof ListingError)) throw error;
      return problem(error.status, error.code, error.message);
    }
  };
  return [
    endpoint({
      method: 'POST',
      path: '/api/v1/pulls',
      operationId: 'startPull',
      summary: 'Fetches what is not held yet, as if a client had requested it.',
      mutates: true,
      body: pullRequestSchema,
      bodyLimitBytes: 2 * MAX_URLS * MAX_URL_LENGTH,
      answers: {
        202: { description: 'The pull has started.', schema: pull },
        404: {
          description:
            'A URL is below no configured origin; or the model does not exist or is not accessible.',
          schema: errorBody,
        },
        422: { description: 'More files than a pull may have.', schema: errorBody },
        503: { description: 'The hub cannot be reached.', schema: errorBody },
        409: { description: 'Too many pulls are running.', schema: errorBody },
      },
      handle: ({ body }) => ('urls' in body ? startUrls(body.urls) : startModel(body)),
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/pulls/{id}',
      operationId: 'getPull',
      summary: 'Returns the progress of a pull.',
      mutates: false,
      params: idParams,
      answers: { 200: { description: 'The pull.', schema: pull }, ...unknown },
      handle: ({ params }) => answer(pulls.get(params.id)),
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/pulls/{id}/events',
      operationId: 'watchPull',
      summary: 'Sends the progress of a pull as events `pull` until it has ended.',
      mutates: false,
      params: idParams,
      answers: {
        200: { description: 'A stream of events.', type: 'text/event-stream' },
        ...unknown,
        503: { description: 'Too many event streams are open.', schema: errorBody },
      },
      handle: ({ params: { id } }) => {
        const found = pulls.get(id);
        if (found === undefined) return noSuchPull();
        const join = (response: Parameters<Feeds['join']>[3], isTrusted: boolean): boolean =>
          feeds.join(`pull ${id}`, 'pull', lookAt(id, found), response, isTrusted);
        return { kind: 'events', join };
      },
    }),
    endpoint({
      method: 'DELETE',
      path: '/api/v1/pulls/{id}',
      operationId: 'cancelPull',
      summary: 'Cancels a pull; what it has fetched stays in the cache.',
      mutates: true,
      params: idParams,
      answers: { 200: { description: 'The pull.', schema: pull }, ...unknown },
      handle: ({ params }) => answer(pulls.cancel(params.id)),
    }),
  ];
}

function noSuchPull(): EndpointAnswer {
  return problem(404, 'no-such-pull', 'there is no such pull');
}

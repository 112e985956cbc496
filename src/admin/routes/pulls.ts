/** Pulls: bring URLs into the cache before anybody asks for them. */
import { z } from 'zod';
import { MAX_URLS, type Pulls, type PullSnapshot } from '../../cache/pulls.js';
import { type Answer, type Endpoint, endpoint, json, problem } from '../endpoint.js';
import type { FeedLook, Feeds } from '../feeds.js';
import { type PullOrigin, pullTarget } from '../pull-target.js';
import type { PullsView } from '../pulls-view.js';
import { errorBody, idParams, pull } from '../shapes.js';

/** A URL of a hub is some 150 letters; no server takes one of more than 8 KiB. */
const MAX_URL_LENGTH = 2048;

const pullRequest = z.strictObject({
  urls: z
    .array(z.string().min(1).max(MAX_URL_LENGTH))
    .min(1)
    .max(MAX_URLS)
    .describe("Paths at the front, or URLs below a configured origin's url."),
});

const unknown = { 404: { description: 'There is no such pull.', schema: errorBody } };

export interface PullRooms {
  readonly pulls: Pulls;
  readonly view: PullsView;
  readonly feeds: Feeds;
  readonly origins: () => readonly PullOrigin[];
}

export function pullEndpoints({ pulls, view, feeds, origins }: PullRooms): Endpoint[] {
  const answer = (found: PullSnapshot | undefined): Answer =>
    found === undefined ? noSuchPull() : json(view.look(found));
  const lookAt = (id: string, first: PullSnapshot): (() => FeedLook) => {
    let known = first;
    return () => {
      known = pulls.get(id) ?? known;
      const data = view.look(known);
      return { data, signature: JSON.stringify(data), last: known.state !== 'running' };
    };
  };
  return [
    endpoint({
      method: 'POST',
      path: '/api/v1/pulls',
      operationId: 'startPull',
      summary: 'Fetches what is not held yet, as if a client had asked for it.',
      mutates: true,
      body: pullRequest,
      bodyLimitBytes: 2 * MAX_URLS * MAX_URL_LENGTH,
      answers: {
        202: { description: 'It runs.', schema: pull },
        404: { description: 'A URL is below no configured origin.', schema: errorBody },
        409: { description: 'As many pulls run as may.', schema: errorBody },
      },
      handle: ({ body }) => {
        const targets = [];
        for (const url of body.urls) {
          const target = pullTarget(url, origins());
          if (target === undefined) {
            return problem(404, 'no-such-origin', `below no configured origin: ${url}`);
          }
          targets.push(target);
        }
        const started = pulls.start(targets);
        if (started !== undefined) return json(view.look(started), 202);
        return problem(409, 'too-many-pulls', 'as many pulls run as may');
      },
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/pulls/{id}',
      operationId: 'getPull',
      summary: 'How far a pull is.',
      mutates: false,
      params: idParams,
      answers: { 200: { description: 'The pull.', schema: pull }, ...unknown },
      handle: ({ params }) => answer(pulls.get(params.id)),
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/pulls/{id}/events',
      operationId: 'watchPull',
      summary: 'The same as events `pull`, until it has ended.',
      mutates: false,
      params: idParams,
      answers: {
        200: { description: 'A stream of events.', type: 'text/event-stream' },
        ...unknown,
        503: { description: 'Too many listen.', schema: errorBody },
      },
      handle: ({ params: { id } }) => {
        const found = pulls.get(id);
        if (found === undefined) return noSuchPull();
        const join = (response: Parameters<Feeds['join']>[3]): boolean =>
          feeds.join(`pull ${id}`, 'pull', lookAt(id, found), response);
        return { kind: 'events', join };
      },
    }),
    endpoint({
      method: 'DELETE',
      path: '/api/v1/pulls/{id}',
      operationId: 'cancelPull',
      summary: 'Ends a pull; what it has brought stays.',
      mutates: true,
      params: idParams,
      answers: { 200: { description: 'The pull.', schema: pull }, ...unknown },
      handle: ({ params }) => answer(pulls.cancel(params.id)),
    }),
  ];
}

function noSuchPull(): Answer {
  return problem(404, 'no-such-pull', 'there is no such pull');
}

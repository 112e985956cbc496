/** What runs now: every request and every fill, once or as events. */
import { type Endpoint, endpoint, json } from '../endpoint.js';
import type { FeedLook, Feeds } from '../feeds.js';
import { errorBody, transferList } from '../shapes.js';
import type { TransfersView } from '../transfers.js';

export function transferEndpoints(view: TransfersView, feeds: Feeds): Endpoint[] {
  const look = (): FeedLook => {
    const data = view.look();
    return { data, signature: JSON.stringify([data.transfers, data.omitted]), last: false };
  };
  return [
    endpoint({
      method: 'GET',
      path: '/api/v1/transfers',
      operationId: 'listTransfers',
      summary: 'Requests and fills that run, and those that ended within the last 5 s.',
      mutates: false,
      answers: { 200: { description: 'The transfers.', schema: transferList } },
      handle: () => json(view.look()),
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/transfers/events',
      operationId: 'watchTransfers',
      summary: 'The same as events `transfers`, every 500 ms at most, when something changed.',
      mutates: false,
      answers: {
        200: { description: 'A stream of events.', type: 'text/event-stream' },
        503: { description: 'Too many listen.', schema: errorBody },
      },
      handle: () => ({
        kind: 'events',
        join: (response, isTrusted) =>
          feeds.join('transfers', 'transfers', look, response, isTrusted),
      }),
    }),
  ];
}

/** The operations that show running requests and fills, once or as a stream of events. */
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
      summary: 'Lists running requests and fills, and those that ended within the last 5 s.',
      mutates: false,
      answers: { 200: { description: 'The transfers.', schema: transferList } },
      handle: () => json(view.look()),
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/transfers/events',
      operationId: 'watchTransfers',
      summary: 'Sends that list as events `transfers` when it changes, at most every 500 ms.',
      mutates: false,
      answers: {
        200: { description: 'A stream of events.', type: 'text/event-stream' },
        503: { description: 'Too many event streams are open.', schema: errorBody },
      },
      handle: () => ({
        kind: 'events',
        join: (response, isTrusted) =>
          feeds.join('transfers', 'transfers', look, response, isTrusted),
      }),
    }),
  ];
}

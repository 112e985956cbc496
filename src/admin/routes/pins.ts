/**
 * The operations on pins. A pin makes the chunks of objects the last to be evicted; the
 * configuration may set further pins.
 */
import type { PinStore } from '../../model/store.js';
import { type Endpoint, endpoint, json, problem } from '../endpoint.js';
import { errorBody, pin, pinChange, pinList } from '../shapes.js';

const path = '/api/v1/pins';

/** `isOrigin`: true when an origin of that name is configured. */
export function pinEndpoints(pins: PinStore, isOrigin: (name: string) => boolean): Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path,
      operationId: 'listPins',
      summary: 'Lists the pins set through this API.',
      mutates: false,
      answers: { 200: { description: 'The pins.', schema: pinList } },
      handle: () => json({ pins: pins.list() }),
    }),
    endpoint({
      method: 'POST',
      path,
      operationId: 'addPin',
      summary: 'Pins all present and future objects below a path prefix of an origin.',
      mutates: true,
      body: pin,
      answers: {
        200: { description: 'The pins now.', schema: pinChange },
        404: { description: 'No such origin is configured.', schema: errorBody },
        409: { description: 'The limit of pins is reached.', schema: errorBody },
      },
      handle: async ({ body }) => {
        if (!isOrigin(body.origin)) {
          return problem(404, 'no-such-origin', `no origin is named ${body.origin}`);
        }
        const outcome = await pins.add(body);
        if (outcome === 'too-many')
          return problem(409, 'too-many-pins', 'too many pins: remove one');
        return json({ pins: pins.list(), kept: outcome === 'kept' });
      },
    }),
    endpoint({
      method: 'DELETE',
      path,
      operationId: 'removePin',
      summary: 'Removes a pin.',
      mutates: true,
      body: pin,
      answers: {
        200: { description: 'The pins now.', schema: pinChange },
        404: { description: 'There is no such pin.', schema: errorBody },
      },
      handle: async ({ body }) => {
        const outcome = await pins.remove(body);
        if (outcome === 'unknown') return problem(404, 'no-such-pin', 'there is no such pin');
        return json({ pins: pins.list(), kept: outcome === 'kept' });
      },
    }),
  ];
}

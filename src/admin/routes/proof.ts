/** The operation that proves to a command that this process knows the admin token (admin/proof). */
import { z } from 'zod';
import { type Endpoint, endpoint, json, problem } from '../endpoint.js';
import { errorBody, proof } from '../shapes.js';
import type { Token } from '../token.js';

const proofQuery = z.strictObject({
  nonce: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('64 random hex digits, which the proof covers.'),
});

/** `directory`: the cache directory. */
export function proofEndpoint(token: Token, directory: string): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/api/v1/proof',
    operationId: 'prove',
    summary: 'Proves that this process knows the admin token.',
    mutates: false,
    query: proofQuery,
    answers: {
      200: { description: 'The proof.', schema: proof },
      503: { description: 'There is no admin token.', schema: errorBody },
    },
    handle: ({ query: { nonce }, reachedAt: address }) => {
      if (token.kind === 'unavailable') return problem(503, 'token-unavailable', token.why);
      return json({ directory, address, proof: token.prove({ nonce, directory, address }) });
    },
  });
}

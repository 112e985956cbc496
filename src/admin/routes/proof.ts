/**
 * Proves that this process knows the admin token, to a command that is about to send it a secret.
 */
import { z } from 'zod';
import { type Endpoint, endpoint, json, problem } from '../endpoint.js';
import { errorBody, proof } from '../shapes.js';
import type { Token } from '../token.js';

const proofQuery = z.strictObject({
  nonce: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('A random nonce: the proof is valid for it alone.'),
});

/** `directory`: of the cache. */
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
      503: { description: 'There is no token.', schema: errorBody },
    },
    handle: ({ query: { nonce }, reachedAt: address }) => {
      if (token.kind === 'unavailable') return problem(503, 'token-unavailable', token.why);
      return json({ directory, address, proof: token.prove({ nonce, directory, address }) });
    },
  });
}

/**
 * The types of the admin API's requests and responses, with the names that commands use. Types
 * only: the shapes are in admin/shapes, which the routes and /openapi.json use too.
 */
import type { z } from 'zod';
import type { pullRequestSchema } from '../admin/routes/pulls.js';
import type {
  CacheStatus,
  ListedObjectBody,
  ObjectList,
  Pull,
  Proof,
  PullItemBody,
  purgeReport,
  SelectionBody,
  VerificationBody,
} from '../admin/shapes.js';

export type {
  CacheStatus,
  ListedObjectBody,
  ObjectList,
  Proof,
  Pull,
  PullItemBody as PullItem,
  VerificationBody as Verification,
};

/** The request to start a pull. */
export type PullRequest = z.input<typeof pullRequestSchema>;

/** The objects that a purge or a verification covers; all objects if both keys are missing. */
export type Scope = SelectionBody;

export type Purged = z.infer<typeof purgeReport>;

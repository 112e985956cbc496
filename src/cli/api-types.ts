/**
 * What the admin API answers, by the names that the commands use for it. Types alone: the shapes
 * themselves are admin/shapes, from which the routes and /openapi.json come too.
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

/** What a pull is to fetch. */
export type PullRequest = z.input<typeof pullRequestSchema>;

/** What a purge or a verification is about; without both keys, all there is. */
export type Scope = SelectionBody;

export type Purged = z.infer<typeof purgeReport>;

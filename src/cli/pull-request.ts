/** Turns the arguments of `pull`, URLs or the name of a model, into a request of the API. Pure. */
import type { PullRequest } from './api-types.js';

export interface PullFlags {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

export type PullAsked =
  | { readonly kind: 'asked'; readonly request: PullRequest }
  | { readonly kind: 'misunderstood'; readonly why: string };

/**
 * Parses the arguments. A URL begins with `/` or contains `://`; anything else is
 * `org/name[@revision]`. The request for a model has the token in HF_TOKEN, as the hub's clients
 * send it.
 */
export function pullRequest(
  names: readonly string[],
  { include, exclude }: PullFlags,
  env: Readonly<Record<string, string | undefined>>,
): PullAsked {
  const [name = '', ...others] = names;
  if (names.every(isUrl)) {
    if (include.length + exclude.length === 0) return asked({ urls: [...names] });
    return misunderstood('--include and --exclude apply to the files of a model, not to URLs');
  }
  if (others.length > 0) {
    return misunderstood('name one model only, and no URLs with it');
  }
  const at = name.indexOf('@');
  const model = at === -1 ? name : name.slice(0, at);
  const revision = at === -1 ? undefined : name.slice(at + 1);
  if (model === '' || revision === '')
    return misunderstood(`not a URL or ORG/MODEL[@REVISION]: ${name}`);
  const token = env['HF_TOKEN']?.trim() ?? '';
  return asked({
    model,
    ...(revision !== undefined && { revision }),
    ...(include.length > 0 && { include: [...include] }),
    ...(exclude.length > 0 && { exclude: [...exclude] }),
    ...(token !== '' && { token }),
  });
}

function isUrl(name: string): boolean {
  return name.startsWith('/') || name.includes('://');
}

function asked(request: PullRequest): PullAsked {
  return { kind: 'asked', request };
}

function misunderstood(why: string): PullAsked {
  return { kind: 'misunderstood', why };
}

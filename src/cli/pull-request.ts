/** What a `pull` is to fetch, from its arguments: URLs, or a model by its name. Pure. */
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
 * `org/name[@revision]`. HF_TOKEN is sent for a model, as the Hub's clients do.
 */
export function pullRequest(
  names: readonly string[],
  { include, exclude }: PullFlags,
  env: Readonly<Record<string, string | undefined>>,
): PullAsked {
  const [name = '', ...others] = names;
  if (names.every(isUrl)) {
    if (include.length + exclude.length === 0) return asked({ urls: [...names] });
    return misunderstood('--include and --exclude choose among the files of a model');
  }
  if (others.length > 0) {
    return misunderstood('one model is pulled at a time, and not together with URLs');
  }
  const at = name.indexOf('@');
  const model = at === -1 ? name : name.slice(0, at);
  const revision = at === -1 ? undefined : name.slice(at + 1);
  if (model === '' || revision === '') return misunderstood(`not ORG/MODEL[@REVISION]: ${name}`);
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

/**
 * Which names a request may give this listener in Host. A page whose name was rebound to our
 * address (DNS rebinding) reads what we lend an operator's credentials to; its requests carry the
 * page's own name. Made by http/access/access.
 */

/**
 * Host of RFC 9110 section 7.2 by its parts: an IP literal or a name, and a port. Each part is a
 * class of characters of its own, so reading is linear.
 */
const HOST_FIELD = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]*))(?::\d*)?$/i;

/** Dotted numbers, as every client writes an IPv4 address. */
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/**
 * Names that no public name server gives an address: the machine itself (RFC 6761), services of a
 * Kubernetes cluster, and ICANN's domain for private use.
 */
const PRIVATE_SUFFIXES: readonly string[] = ['.localhost', '.svc', '.cluster.local', '.internal'];

export class HostRule {
  readonly #names: ReadonlySet<string>;
  /** `.example.org` for `*.example.org`. */
  readonly #suffixes: readonly string[];

  /** `patterns`: `listen.hosts`, lower case; `ownName`: the machine's own name. */
  constructor(patterns: readonly string[], ownName: string) {
    const names = patterns.filter((pattern) => !pattern.startsWith('*.'));
    this.#names = new Set([...names, ownName.toLowerCase()]);
    this.#suffixes = patterns.filter((one) => one.startsWith('*.')).map((one) => one.slice(1));
  }

  /** True for a Host field that names us. Without one no browser sent the request. */
  names(field: string | undefined): boolean {
    if (field === undefined) return true;
    const match = HOST_FIELD.exec(field);
    if (match === null) return false;
    const [, literal, named = ''] = match;
    if (literal !== undefined) return true;
    const name = withoutRootDot(named.toLowerCase());
    if (name === '') return false;
    // A page's name is below a top-level domain: a name of one label is of this network alone.
    if (!name.includes('.') || IPV4.test(name) || this.#names.has(name)) return true;
    return [...PRIVATE_SUFFIXES, ...this.#suffixes].some((suffix) => name.endsWith(suffix));
  }
}

function withoutRootDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

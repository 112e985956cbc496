/** Names by pattern, for `--scope`: `*` stands for anything, a comma for "or". */

export function globMatcher(patterns: string): (name: string) => boolean {
  const expressions = patterns.split(',').map((pattern) => {
    const escaped = pattern.trim().replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);
    return new RegExp(`^${escaped.replaceAll('*', '.*')}$`);
  });
  return (name) => expressions.some((expression) => expression.test(name));
}

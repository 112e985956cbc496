/**
 * How the items of a pull are called on the screen: files of a model by their names in it. Pure.
 */
import type { Pull } from './api-types.js';

/** Characters that would move the cursor, or reverse the text, stay encoded. */
const CONTROLS = /\p{C}/u;

/** The name of an item: its URL, or its path in the model whose commit the URL names. */
export function itemName({ model }: Pick<Pull, 'model'>, url: string): string {
  const below = model === null ? '' : `/${model.id}/resolve/${model.commit}/`;
  if (below === '' || !url.startsWith(below)) return url;
  const path = url.slice(below.length);
  try {
    const decoded = decodeURIComponent(path);
    return CONTROLS.test(decoded) ? path : decoded;
  } catch {
    return path;
  }
}

/** What an item is, in the plural. */
export function itemsWord({ model }: Pick<Pull, 'model'>): string {
  return model === null ? 'URLs' : 'files';
}

/** `org/name@main (commit 0123abc)`. */
export function modelName({ id, revision, commit }: NonNullable<Pull['model']>): string {
  return `${id}@${revision} (commit ${commit.slice(0, 12)})`;
}

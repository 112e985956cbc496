/** The names of a pull's items on the screen: files of a model have their path in it. Pure. */
import type { Pull } from './api-types.js';

/** Characters that could move the cursor or reverse the text; such a path stays encoded. */
const CONTROLS = /\p{C}/u;

/** Returns the name of an item: its path in the model at the pulled commit, else its URL. */
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

/** Returns the noun for items, in the plural. */
export function itemsWord({ model }: Pick<Pull, 'model'>): string {
  return model === null ? 'URLs' : 'files';
}

/** Returns `org/name@main (commit 0123abc)`. */
export function modelName({ id, revision, commit }: NonNullable<Pull['model']>): string {
  return `${id}@${revision} (commit ${commit.slice(0, 12)})`;
}

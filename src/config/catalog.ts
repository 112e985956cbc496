/**
 * Every setting of the schema in order, with its names in the file, the environment and on the
 * command line. The docs, flags, environment parsing and "did you mean" use it.
 */
import type { z } from 'zod';
import { digestPinShape, originShape } from './origin-schema.js';
import { fileSchema } from './schema.js';
import { type Setting, settings } from './setting.js';

/** One setting with its names. */
export interface CatalogEntry extends Setting {
  /** `cache.capacity`; within list entries `origins[].url`. */
  readonly key: string;
  /** The section's and the setting's own name; for list entries the list is the section. */
  readonly section: string;
  readonly name: string;
  /** The environment variable that sets it; `null` for settings of list entries. */
  readonly env: string | null;
}

/** The variable that sets a single origin at `/`, as `--origin` does. */
export const ORIGIN_ENV = 'FOREBAY_ORIGIN';

/** The variable that names the configuration file, as `--config` does. */
export const CONFIG_ENV = 'FOREBAY_CONFIG';
export const CONFIG_FLAG = '--config';

/** The settings, section by section, in the order of the schema. */
export const catalog: readonly CatalogEntry[] = Object.entries(fileSchema.shape).flatMap(
  ([section, type]) =>
    section === 'origins'
      ? [...entries('origins[]', originShape), ...entries('origins[].digests[]', digestPinShape)]
      : entries(section, sectionShape(type)),
);

/** Returns the keys that a mapping at `path` may have; `undefined` if any key is allowed there. */
export function knownNames(path: readonly PropertyKey[]): readonly string[] | undefined {
  if (path.length === 0) return Object.keys(fileSchema.shape);
  const section = path.map((part) => (typeof part === 'number' ? '[]' : `.${String(part)}`));
  const key = section.join('').slice(1);
  const names = catalog.filter((entry) => entry.section === key).map((entry) => entry.name);
  return names.length === 0 ? undefined : names;
}

function entries(section: string, shape: Readonly<Record<string, z.ZodType>>): CatalogEntry[] {
  return Object.entries(shape).map(([name, type]) => {
    const setting = settings.get(type);
    const key = `${section}.${name}`;
    if (setting === undefined) throw new Error(`the setting ${key} has no description`);
    return { ...setting, key, section, name, env: envName(section, name) };
  });
}

/** Returns FOREBAY_CACHE_CHUNK_SIZE for `cache` and `chunkSize`; `null` within lists. */
function envName(section: string, name: string): string | null {
  if (section === 'origins[]' && name === 'url') return ORIGIN_ENV;
  if (section.includes('[]')) return null;
  const words = name.replace(/[A-Z]/g, (letter) => `_${letter}`);
  return `FOREBAY_${section}_${words}`.toUpperCase();
}

/** Returns the shape of a section, without the wrapper that makes it optional. */
function sectionShape(type: z.ZodType): Readonly<Record<string, z.ZodType>> {
  const { def } = type as z.ZodType & { readonly def: z.core.$ZodTypeDef };
  if (def.type === 'prefault') return sectionShape((type as z.ZodPrefault<z.ZodType>).unwrap());
  return (type as z.ZodObject<Record<string, z.ZodType>>).shape;
}

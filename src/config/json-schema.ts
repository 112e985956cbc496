/**
 * The configuration file as a JSON Schema (2020-12), for editors and, through
 * scripts/chart-schema.mjs, for the Helm chart. The program checks more: units, and rules between
 * keys.
 */
import { z } from 'zod';
import { fileSchema } from './schema.js';
import { settings } from './setting.js';

/**
 * A header value in a file may also be `{file: PATH}`, which secrets.ts replaces before the parse.
 */
const textOrFile = (): z.core.JSONSchema.JSONSchema => ({
  anyOf: [
    { type: 'string' },
    {
      type: 'object',
      properties: { file: { type: 'string' } },
      required: ['file'],
      additionalProperties: false,
    },
  ],
});

/** Returns a new schema at each call, which the caller may change. */
export function configJsonSchema(): z.core.JSONSchema.JSONSchema {
  const schema = z.toJSONSchema(fileSchema, {
    io: 'input',
    override({ zodSchema, jsonSchema }) {
      const setting = settings.get(zodSchema);
      if (setting === undefined) return;
      jsonSchema.description = setting.meaning;
      if (setting.type === 'mapping') jsonSchema.additionalProperties = textOrFile();
    },
  });
  // No key is required: load.ts adds the defaults.
  const cache = schema.properties?.['cache'];
  if (typeof cache === 'object') delete cache.required;
  delete schema.required;
  return schema;
}

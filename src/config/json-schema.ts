/**
 * The configuration file as a JSON Schema (2020-12), for editors and for the Helm chart, which
 * scripts/chart-schema.mjs writes it to. It is weaker than the program's own checks: no units, no
 * rules between keys.
 */
import { z } from 'zod';
import { fileSchema } from './schema.js';
import { settings } from './setting.js';

/** By the time the schema looks, secrets.ts has read the file; what people write may name one. */
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

/** A new object at each call: the caller may change it. */
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
  // load.ts fills in defaults, so no key is required.
  const cache = schema.properties?.['cache'];
  if (typeof cache === 'object') delete cache.required;
  delete schema.required;
  return schema;
}

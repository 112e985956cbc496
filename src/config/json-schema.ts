/**
 * The configuration file as a JSON Schema (2020-12), for editors and for the Helm chart, which
 * scripts/chart-schema.mjs gives it to. It says less than the program checks: no units, no rules
 * between keys.
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

/** Made anew at each call: the caller may change it. */
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
  // load.ts gives what is left out, so nothing has to be there.
  const cache = schema.properties?.['cache'];
  if (typeof cache === 'object') delete cache.required;
  delete schema.required;
  return schema;
}

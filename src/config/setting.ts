/**
 * Builders for the leaves of the schema. Each builder returns a zod type and registers its
 * description, so that parsing, messages, flags and docs/CONFIG.md agree.
 */
import { z } from 'zod';
import {
  formatDuration,
  formatSize,
  MAX_DURATION_DAYS,
  parseDuration,
  parseSize,
  writeDuration,
  writeSize,
} from './units.js';

/**
 * The conversion of an environment variable's or a flag's text to the value that YAML would give.
 */
export type Coercion = 'text' | 'number' | 'boolean';

/** The description of a setting, beside its zod type. */
export interface Setting {
  /** The type, in a few words, for docs/CONFIG.md. */
  readonly type: string;
  /** Completes "expected ...". */
  readonly expected: string;
  /** What it does, in one or two sentences. */
  readonly meaning: string;
  /** The default as written in YAML; `null` for a required setting. */
  readonly defaultText: string | null;
  readonly coercion: Coercion;
  /** The command line flag that sets it, dashes included; `null` if there is none. */
  readonly flag: string | null;
  /** Converts a parsed value to the value to write in YAML. Secrets are redacted. */
  readonly write: (value: unknown) => unknown;
}

/** Every setting of the schema, by its zod type. */
export const settings = z.registry<Setting>();

/** A builder's argument about one setting. */
interface About {
  readonly meaning: string;
  readonly flag?: string;
}

/**
 * Returns the description that a builder registers. Schemas with a leaf of another kind use it too.
 */
export function describeSetting(
  about: About,
  type: string,
  expected: string,
  defaultText: string | null,
  coercion: Coercion,
  write: Setting['write'] = asItIs,
): Setting {
  const flag = about.flag ?? null;
  return { type, expected, meaning: about.meaning, defaultText, coercion, flag, write };
}

function asItIs(value: unknown): unknown {
  return value;
}

function sizeText(value: unknown): unknown {
  return typeof value === 'number' ? writeSize(value) : value;
}

function durationText(value: unknown): unknown {
  return typeof value === 'number' ? writeDuration(value) : value;
}

/** Returns the type of a mapping of known keys: every other key is an error. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, { error: 'a mapping' });
}

/**
 * Returns the type of a size in bytes, at least `min`. `extra` adds a rule about the number alone.
 */
export function size(byDefault: string, min: number, about: About, extra?: SizeRule) {
  const bound = min > 0 ? ` of at least ${formatSize(min)}` : '';
  const expected =
    extra?.expected ?? `a size${bound}, such as 64MB, 10GiB or a plain number of bytes`;
  const read = z.union([z.string(), z.number()], { error: expected }).transform((raw, context) => {
    const bytes = parseSize(String(raw));
    if (bytes !== undefined && bytes >= min && extra?.holds(bytes) !== false) return bytes;
    context.issues.push({ code: 'custom', message: expected, input: raw });
    return z.NEVER;
  });
  return read
    .prefault(byDefault)
    .register(settings, describeSetting(about, 'size', expected, byDefault, 'text', sizeText));
}

export interface SizeRule {
  holds(bytes: number): boolean;
  readonly expected: string;
}

/** A size in bytes, at least `least`, or the word `auto`. */
export function sizeOrAuto({ least: min = 0, ...about }: About & { readonly least?: number }) {
  const bound = min > 0 ? ` of at least ${formatSize(min)}` : '';
  const expected = `\`auto\`, or a size${bound}, such as 64MB, 10GiB or a plain number of bytes`;
  const read = z
    .union([z.string(), z.number()], { error: expected })
    .transform((raw, context): number | 'auto' => {
      if (raw === 'auto') return 'auto';
      const bytes = parseSize(String(raw));
      if (bytes !== undefined && bytes >= min) return bytes;
      context.issues.push({ code: 'custom', message: expected, input: raw });
      return z.NEVER;
    });
  return read
    .prefault('auto')
    .register(
      settings,
      describeSetting(about, 'size or `auto`', expected, 'auto', 'text', sizeText),
    );
}

/** A duration in milliseconds, at least `min`. */
export function duration(byDefault: string, about: About, min = 1) {
  const bound = min > 1 ? ` of at least ${formatDuration(min)}` : '';
  const most = `at most ${String(MAX_DURATION_DAYS)} days`;
  const expected = `a duration${bound} with its unit, such as 250ms, 30s, 2m or 1h, ${most}`;
  const read = z.string({ error: expected }).transform((raw, context) => {
    const ms = parseDuration(raw);
    if (ms !== undefined && ms >= min) return ms;
    context.issues.push({ code: 'custom', message: expected, input: raw });
    return z.NEVER;
  });
  return read
    .prefault(byDefault)
    .register(
      settings,
      describeSetting(about, 'duration', expected, byDefault, 'text', durationText),
    );
}

/** A whole number from `min` to `max`. */
export function count(byDefault: number, min: number, max: number, about: About) {
  const bounds = `${String(min)} to ${String(max)}`;
  const expected = `a whole number from ${bounds}`;
  return z
    .int({ error: expected })
    .min(min, { error: expected })
    .max(max, { error: expected })
    .prefault(byDefault)
    .register(
      settings,
      describeSetting(about, `number, ${bounds}`, expected, String(byDefault), 'number'),
    );
}

/** A part of a whole, 0 to 1. */
export function fraction(byDefault: number, about: About) {
  const expected = 'a number from 0 to 1';
  return z
    .number({ error: expected })
    .min(0, { error: expected })
    .max(1, { error: expected })
    .prefault(byDefault)
    .register(
      settings,
      describeSetting(about, 'number, 0 to 1', expected, String(byDefault), 'number'),
    );
}

/** `true` or `false`. */
export function toggle(byDefault: boolean, about: About) {
  const expected = 'true or false';
  return z
    .boolean({ error: expected })
    .prefault(byDefault)
    .register(settings, describeSetting(about, 'boolean', expected, String(byDefault), 'boolean'));
}

/** One of a few words. */
export function choice<const Words extends readonly [string, ...string[]]>(
  words: Words,
  byDefault: Words[number],
  about: About,
) {
  const names = words.map((word) => `\`${word}\``).join(', ');
  const expected = words.length === 1 ? names : `one of ${names}`;
  return z
    .enum(words, { error: expected })
    .prefault(byDefault)
    .register(settings, describeSetting(about, names, expected, byDefault, 'text'));
}

/** A kind of text. `read` parses it, and returns `undefined` to reject it. */
export interface TextKind<T> {
  readonly type: string;
  readonly expected: string;
  read(text: string): T | undefined;
  /** Formats `value` as `read` accepts it; without it, values are their own texts. */
  readonly write?: (value: T) => string;
}

function writer<T>(kind: TextKind<T>): Setting['write'] {
  const { write } = kind;
  // Only values from `read` are written; an optional setting may be `undefined`.
  return (value) => (write === undefined || value === undefined ? value : write(value as T));
}

function listWriter<T>(kind: TextKind<T>): Setting['write'] {
  const write = writer(kind);
  return (value) => (Array.isArray(value) ? value.map(write) : value);
}

/** A text setting with a default. */
export function text<T>(kind: TextKind<T>, byDefault: string, about: About) {
  return readText(kind)
    .prefault(byDefault)
    .register(
      settings,
      describeSetting(about, kind.type, kind.expected, byDefault, 'text', writer(kind)),
    );
}

/**
 * A text setting whose default depends on the machine: load.ts sets it, `otherwise` describes it.
 */
export function derivedText<T>(kind: TextKind<T>, otherwise: string, about: About) {
  return readText(kind).register(
    settings,
    describeSetting(about, kind.type, kind.expected, otherwise, 'text', writer(kind)),
  );
}

/** A required text setting. */
export function requiredText<T>(kind: TextKind<T>, about: About) {
  return readText(kind).register(
    settings,
    describeSetting(about, kind.type, kind.expected, null, 'text', writer(kind)),
  );
}

/** A text setting that may be left out; `otherwise` describes what applies then. */
export function optionalText<T>(kind: TextKind<T>, otherwise: string, about: About) {
  return readText(kind)
    .optional()
    .register(
      settings,
      describeSetting(about, kind.type, kind.expected, otherwise, 'text', writer(kind)),
    );
}

/** A list of texts, empty by default. */
export function textList<T>(kind: TextKind<T>, about: About) {
  return listOf(kind)
    .prefault([])
    .register(settings, describeList(kind, about, '[]'));
}

/** A list of texts that may be left out; `otherwise` describes what applies then. */
export function optionalTextList<T>(kind: TextKind<T>, otherwise: string, about: About) {
  return listOf(kind)
    .optional()
    .register(settings, describeList(kind, about, otherwise));
}

function listOf<T>(kind: TextKind<T>) {
  return z.array(readText(kind), { error: `a list, each of ${kind.expected}` });
}

function describeList<T>(kind: TextKind<T>, about: About, otherwise: string): Setting {
  const type = `list of ${kind.type}`;
  return describeSetting(about, type, kind.expected, otherwise, 'text', listWriter(kind));
}

function readText<T>(kind: TextKind<T>) {
  return z.string({ error: kind.expected }).transform((raw, context): T => {
    const value = kind.read(raw);
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', message: kind.expected, input: raw });
    return z.NEVER;
  });
}

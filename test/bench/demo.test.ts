import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { type ModelFile, writeModel } from '../../bench/lib/model.js';
import { broken, type Measured, type Phase, summarise, table } from '../../bench/lib/report.js';

const DEMO = fileURLToPath(new URL('../../bench/demo.js', import.meta.url));
const NEVER = new AbortController().signal;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the demo with its temporary files in `directory`; `onOutput` may interrupt it. */
function runDemo(
  directory: string,
  args: readonly string[],
  onOutput: (said: string, interrupt: () => void) => void = () => undefined,
): Promise<Ended> {
  const child = spawn(process.execPath, [DEMO, ...args], {
    env: { ...process.env, TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (piece: Buffer) => {
    out += piece.toString();
    onOutput(out, () => child.kill('SIGINT'));
  });
  child.stderr.on('data', (piece: Buffer) => (err += piece.toString()));
  return new Promise((resolve) => {
    child.once('close', (code) => {
      resolve({ code, out, err });
    });
  });
}

t.test('demo: a small run succeeds and leaves nothing behind', async (t) => {
  const directory = t.testdir();
  const { code, out, err } = await runDemo(directory, ['--size', '20MiB', '--clients=3', '--json']);
  t.equal(code, 0, err);
  const report = JSON.parse(out) as {
    readonly files: readonly ModelFile[];
    readonly phases: readonly Phase[];
    readonly complaints: readonly string[];
  };
  const responses = 3 * report.files.length;
  t.same(report.complaints, []);
  t.same(
    report.phases.map(({ originMultiple, equalHashes }) => [originMultiple, equalHashes]),
    [
      [3, responses],
      [1, responses],
      [0, responses],
    ],
    'origin bytes as multiples of the model',
  );
  t.same(report.phases.map(({ hits }) => hits).at(-1), responses, 'warm: hits alone');
  t.equal(report.phases[0]?.hits, null);
  t.same(readdirSync(directory), [], 'no file is left');
});

t.test('demo: an interrupt ends every process that it started', async (t) => {
  for (const moment of ['writing a model', 'at the same moment']) {
    const directory = t.testdir();
    // Every process of the demo holds its standard error: it closes when the last one has ended.
    const { code, out } = await runDemo(directory, ['--size=20MiB'], (said, interrupt) => {
      if (said.includes(moment)) interrupt();
    });
    t.equal(code, 130, moment);
    t.notMatch(out, 'warm', 'it went no further');
    t.same(readdirSync(directory), [], 'no file is left');
  }
});

t.test('demo: invalid arguments are refused', async (t) => {
  const directory = t.testdir();
  for (const args of [['--size=1KiB'], ['--clients=0'], ['--clients=two'], ['--what']]) {
    const { code, err } = await runDemo(directory, args);
    t.equal(code, 64, args.join(' '));
    t.match(err, /^demo: /);
  }
});

t.test('the model is valid safetensors, of the size asked for, and always the same', async (t) => {
  const directories = [t.testdir({ a: {}, b: {} })].flatMap((d) => [join(d, 'a'), join(d, 'b')]);
  const size = 5_000_000;
  const [first, second] = await Promise.all(
    directories.map((directory) => writeModel(directory, size, NEVER)),
  );
  t.same(first, second);
  const total = (first ?? []).reduce((sum, file) => sum + file.bytes, 0);
  t.ok(Math.abs(total - size) < size / 20, `${String(total)} bytes`);

  const [directory = ''] = directories;
  const read = (name: string): Buffer => readFileSync(join(directory, name));
  const index = JSON.parse(read('model.safetensors.index.json').toString()) as {
    readonly metadata: { readonly total_size: number };
    readonly weight_map: Readonly<Record<string, string>>;
  };
  let tensorBytes = 0;
  const named: Record<string, string> = {};
  for (const { name, sha256, bytes } of first ?? []) {
    const content = read(name);
    t.equal(content.length, bytes);
    t.equal(createHash('sha256').update(content).digest('hex'), sha256);
    if (!name.endsWith('.safetensors')) continue;
    const headerBytes = Number(content.readBigUInt64LE());
    t.equal(headerBytes % 8, 0);
    const header = JSON.parse(content.subarray(8, 8 + headerBytes).toString()) as Record<
      string,
      { dtype: string; shape: number[]; data_offsets: [number, number] }
    >;
    let end = 0;
    for (const [tensor, { dtype, shape, data_offsets: offsets }] of Object.entries(header)) {
      if (tensor === '__metadata__') continue;
      named[tensor] = name;
      const element = { BF16: 2, F16: 2, F32: 4, I8: 1, I64: 8 }[dtype] ?? 0;
      t.same(offsets, [end, end + shape.reduce((product, side) => product * side, element)]);
      end = offsets[1];
    }
    t.equal(bytes, 8 + headerBytes + end, 'tensors fill the file');
    tensorBytes += end;
  }
  t.same(index.weight_map, named);
  t.equal(index.metadata.total_size, tensorBytes);
});

t.test('demo: a wrong byte and a second fetch are reported', async (t) => {
  const files: ModelFile[] = [{ name: 'a', bytes: 1000, sha256: 'right' }];
  const fetched = { name: 'a', status: 200, bytes: 1000, sha256: 'right', cacheStatus: '' };
  const measured: Measured = {
    name: 'cold',
    throughCache: true,
    seconds: 0.5,
    fetched: [
      { ...fetched, cacheStatus: 'other;hit, forebay;fwd=uri-miss' },
      { ...fetched, cacheStatus: 'forebay;hit' },
    ],
    originRequests: 1,
    originBytes: 1000,
  };
  const good = summarise(measured, files);
  t.match(good, { originMultiple: 1, hits: 1, responses: 2, equalHashes: 2, clientBytes: 2000 });
  t.same(broken([good], 'cold'), []);
  t.match(table([good]), /cold .*0\.50 s .*1\.00 x model .*1 of 2 .*2 equal/);

  const twice = summarise({ ...measured, originBytes: 2000 }, files);
  t.match(broken([twice], 'cold'), [/2\.00 x/]);
  const cut = { ...fetched, sha256: 'wrong' };
  const refused = { ...fetched, status: 503 };
  const wrong = summarise({ ...measured, fetched: [fetched, cut, refused] }, files);
  t.match(broken([wrong], 'cold'), [/cold: a response is not what the origin has/]);
  t.match(table([wrong]), /2 DIFFER/);
  t.match(broken([], 'cold'), [/the origin sent/], 'a phase that was not run is not kept');
});

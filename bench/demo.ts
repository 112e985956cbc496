/**
 * `npm run demo`: five clients ask for a model at the same moment, first straight at an origin,
 * then through Forebay, cold and warm. Says what each cost the origin and whether every byte was
 * right. All figures are measured; everything runs on this machine and is removed at the end.
 *
 *   --size SIZE    of the model, 384MiB by default
 *   --clients N    5 by default
 *   --json         one JSON object instead of the table
 */
import { parseArgs } from 'node:util';
import { EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE } from '#src/cli/exit-codes.js';
import { formatSize, parseSize } from '#src/config/units.js';
import { MIN_MODEL_BYTES } from './lib/model.js';
import { broken, modelBytes, type Phase, table } from './lib/report.js';
import { Scene } from './lib/scene.js';

const DEFAULT_SIZE = '384MiB';
const DEFAULT_CLIENTS = '5';

/** Each is a process: more than this measures the machine's scheduler. */
const MAX_CLIENTS = 64;

/** A promise was not kept. */
const EXIT_BROKEN = 1;

const COLD = 'Forebay, cold';

interface Arguments {
  readonly sizeBytes: number;
  readonly clients: number;
  readonly json: boolean;
}

function readArguments(args: readonly string[]): Arguments | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        size: { type: 'string', default: DEFAULT_SIZE },
        clients: { type: 'string', default: DEFAULT_CLIENTS },
        json: { type: 'boolean', default: false },
      },
    });
    const sizeBytes = parseSize(values.size) ?? 0;
    const clients = Number(values.clients);
    if (sizeBytes < MIN_MODEL_BYTES) {
      return `--size is at least ${formatSize(MIN_MODEL_BYTES)}, such as 384MiB or 1GiB`;
    }
    if (!Number.isInteger(clients) || clients < 1 || clients > MAX_CLIENTS) {
      return `--clients is a whole number from 1 to ${String(MAX_CLIENTS)}`;
    }
    return { sizeBytes, clients, json: values.json };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Runs the scene and writes the report; resolves to the exit code. */
async function demo({ sizeBytes, clients, json }: Arguments, signal: AbortSignal): Promise<number> {
  const say = (text: string): void => {
    if (!json) process.stdout.write(text);
  };
  say(`writing a model of ${formatSize(sizeBytes)} ...\n`);
  const scene = await Scene.start({ sizeBytes, clients, signal });
  try {
    const { files } = scene;
    say(
      `${String(files.length)} files, ${(modelBytes(files) / 1e6).toFixed(0)} MB; ` +
        `${String(clients)} clients ask for all of them at the same moment\n\n`,
    );
    const phases: Phase[] = [
      await scene.run('straight to the origin', 'straight'),
      await scene.run(COLD, 'through'),
      await scene.run('Forebay, warm', 'through'),
    ];
    const complaints = broken(phases, COLD);
    if (json) {
      const report = { modelBytes: modelBytes(files), files, clients, phases, complaints };
      process.stdout.write(`${JSON.stringify(report)}\n`);
    } else {
      say(table(phases));
      say(
        '\nEverything runs on this one machine, the origin too: the origin is as near as can be.\n',
      );
      for (const complaint of complaints) say(`NOT AS PROMISED: ${complaint}\n`);
    }
    return complaints.length === 0 ? EXIT_OK : EXIT_BROKEN;
  } finally {
    await scene.close();
  }
}

async function main(): Promise<number> {
  const given = readArguments(process.argv.slice(2));
  if (typeof given === 'string') {
    process.stderr.write(`demo: ${given}\n`);
    return EXIT_USAGE;
  }
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      interrupt.abort(new Error(`ended by ${name}`));
    });
  }
  try {
    return await demo(given, interrupt.signal);
  } catch (error) {
    if (interrupt.signal.aborted) return EXIT_INTERRUPTED;
    process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT_INTERNAL;
  }
}

process.exitCode = await main();

/**
 * The demo's scene: an origin with a model, Forebay in front of it, clients; each a process of its
 * own. Runs phases and ends what it started. bench/demo sets it up once.
 */
import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startForebay } from './forebay.js';
import { endProcess, Helper } from './helper.js';
import type { ClientReply, ClientRequest, OriginReply, OriginRequest } from './messages.js';
import { type ModelFile, writeModel } from './model.js';
import { modelBytes, type Phase, summarise } from './report.js';

/** Room for the model and its records, at least: nothing is to be evicted in this demo. */
const CAPACITY_PER_MODEL_BYTE = 1.25;

/** The least that `forebay serve` accepts with its default chunks and lanes, and some more. */
const MIN_CAPACITY_BYTES = 256 * 1024 * 1024;

export interface SceneOptions {
  readonly sizeBytes: number;
  readonly clients: number;
  /** Ends every process of the scene, so that whatever waits for one rejects. */
  readonly signal: AbortSignal;
}

export class Scene {
  readonly #options: SceneOptions;
  /** How to end each process, and then to remove what they used. */
  readonly #processes: (() => Promise<void>)[] = [];
  readonly #removals: (() => Promise<void>)[] = [];
  readonly #clients: Helper<ClientRequest, ClientReply>[] = [];
  readonly #origin: Helper<OriginRequest, OriginReply>;
  #files: readonly ModelFile[] = [];
  #originUrl = '';
  #forebayUrl = '';

  private constructor(options: SceneOptions) {
    this.#options = options;
    this.#origin = this.#helper('./origin-main.js');
    options.signal.addEventListener('abort', () => void this.#endAll(), { once: true });
  }

  /** Writes the model and starts everything; ends it again before it rejects. */
  static async start(options: SceneOptions): Promise<Scene> {
    const scene = new Scene(options);
    try {
      await scene.#start();
      return scene;
    } catch (error) {
      await scene.close();
      throw error;
    }
  }

  get files(): readonly ModelFile[] {
    return this.#files;
  }

  /**
   * All clients ask for all files at the same moment, through Forebay or straight at the origin.
   */
  async run(name: string, way: 'through' | 'straight'): Promise<Phase> {
    const baseUrl = way === 'through' ? this.#forebayUrl : this.#originUrl;
    const names = this.#files.map((file) => file.name);
    await this.#origin.ask({ kind: 'count' });
    const begin = performance.now();
    const replies = await Promise.all(
      this.#clients.map((client) => client.ask({ baseUrl, names })),
    );
    const seconds = (performance.now() - begin) / 1000;
    const { requests, bodyBytes } = await this.#origin.ask({ kind: 'count' });
    const fetched = replies.flatMap((reply) => {
      if (reply.kind === 'failed') throw new Error(`${name}: a client failed: ${reply.reason}`);
      return reply.files;
    });
    return summarise(
      {
        name,
        throughCache: way === 'through',
        seconds,
        fetched,
        originRequests: requests,
        originBytes: bodyBytes,
      },
      this.#files,
    );
  }

  /** Ends every process and removes every file of the scene. */
  async close(): Promise<void> {
    await this.#endAll();
    for (const remove of this.#removals.splice(0)) await remove();
  }

  async #start(): Promise<void> {
    const { sizeBytes, clients, signal } = this.#options;
    signal.throwIfAborted();
    const directory = await mkdtemp(join(tmpdir(), 'forebay-demo-'));
    // A process that was ended may have been making a file as the folder was being emptied.
    const patient = { recursive: true, force: true, maxRetries: 10, retryDelay: 100 };
    this.#removals.push(() => rm(directory, patient));
    const modelDirectory = join(directory, 'model');
    await mkdir(modelDirectory);
    this.#files = await writeModel(modelDirectory, sizeBytes, signal);
    const entityTags = Object.fromEntries(
      this.#files.map(({ name, sha256 }) => [name, `"${sha256}"`]),
    );
    const { port } = await this.#origin.ask({
      kind: 'serve',
      directory: modelDirectory,
      entityTags,
    });
    this.#originUrl = `http://127.0.0.1:${String(port)}`;
    for (let count = 0; count < clients; count += 1) {
      this.#clients.push(this.#helper('./client-main.js'));
    }
    const room = Math.ceil(modelBytes(this.#files) * CAPACITY_PER_MODEL_BYTE);
    signal.throwIfAborted();
    const { url } = await startForebay(
      {
        originUrl: this.#originUrl,
        cacheDirectory: join(directory, 'cache'),
        capacityBytes: Math.max(room, MIN_CAPACITY_BYTES),
      },
      (child) => this.#processes.push(() => endProcess(child)),
    );
    this.#forebayUrl = url;
  }

  #helper<Request extends object, Reply>(script: string): Helper<Request, Reply> {
    const helper = new Helper<Request, Reply>(script);
    this.#processes.push(() => helper.end());
    return helper;
  }

  async #endAll(): Promise<void> {
    await Promise.all(this.#processes.map((end) => end()));
  }
}

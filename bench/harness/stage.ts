/**
 * What a run works with: the origin, files for static servers, and instances of peers, each with a
 * directory of its own below one temporary directory. Everything ends with `close`.
 */
import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Peer } from '../peers/peer.js';
import { openToAll } from '../peers/peer.js';
import { Instance } from './instance.js';
import { runLoad } from './load.js';
import { makeMemoryCgroup } from './memory-cgroup.js';
import { nativeTools, type NativeTools } from './native-tools.js';
import { Origin, type RateLimit } from './origin.js';
import type { Processes } from './processes.js';
import type { Settings } from './settings.js';

/**
 * The first is read; the second is what is fetched beside it, or makes the set larger than memory.
 */
const OBJECTS = 2;

/** Room beyond the objects, so that nothing is evicted; at least what every peer accepts. */
const CAPACITY_FACTOR = 1.5;
const MIN_CAPACITY_BYTES = 512 * 1024 * 1024;

/** For one file of the static servers. */
const WRITE_TIMEOUT_MS = 120_000;

export interface FreshOptions {
  readonly origin?: Origin;
  readonly memoryLimitBytes?: number | undefined;
}

export class Stage {
  readonly settings: Settings;
  readonly processes: Processes;
  readonly tools: NativeTools;
  readonly directory: string;
  readonly origin: Origin;
  readonly #kept = new Map<string, Promise<Instance>>();
  readonly #limited = new Map<string, Promise<Origin>>();
  #started = 0;

  private constructor(
    parts: Pick<Stage, 'settings' | 'processes' | 'tools' | 'directory' | 'origin'>,
  ) {
    this.settings = parts.settings;
    this.processes = parts.processes;
    this.tools = parts.tools;
    this.directory = parts.directory;
    this.origin = parts.origin;
  }

  static async open(settings: Settings, processes: Processes): Promise<Stage> {
    const tools = await nativeTools();
    const directory = mkdtempSync(join(tmpdir(), 'forebay-bench-'));
    try {
      openToAll(directory);
      const { objectBytes } = settings;
      const origin = await Origin.start(tools, processes, directory, {
        objects: OBJECTS,
        objectBytes,
      });
      const stage = new Stage({ settings, processes, tools, directory, origin });
      await stage.#writeFiles();
      return stage;
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /**
   * An origin of the same objects that sends no more than this; started when it is first needed.
   */
  limitedOrigin(limit: RateLimit): Promise<Origin> {
    const { objectBytes } = this.settings;
    const options = { objects: 1, objectBytes, ...limit };
    const key = JSON.stringify(limit);
    const started =
      this.#limited.get(key) ?? Origin.start(this.tools, this.processes, this.directory, options);
    this.#limited.set(key, started);
    return started;
  }

  /** A peer with an empty store. Discard it after use. */
  async fresh(
    peer: Peer,
    { origin = this.origin, memoryLimitBytes }: FreshOptions = {},
  ): Promise<Instance> {
    this.#started += 1;
    const name = `${peer.name}-${String(this.#started)}`;
    const directory = join(this.directory, name);
    mkdirSync(directory);
    openToAll(directory);
    const cgroup =
      memoryLimitBytes === undefined
        ? undefined
        : makeMemoryCgroup(`forebay-bench-${String(process.pid)}-${name}`, memoryLimitBytes);
    if (memoryLimitBytes !== undefined && cgroup === undefined) {
      throw new Error('cgroups cannot be written here');
    }
    const capacityBytes = Math.max(
      MIN_CAPACITY_BYTES,
      Math.ceil(OBJECTS * this.settings.objectBytes * CAPACITY_FACTOR),
    );
    const instance = new Instance(peer, origin, cgroup, {
      directory,
      originPort: origin.port,
      capacityBytes,
      filesDirectory: this.#filesDirectory,
      processes: this.processes,
      prefix: cgroup?.prefix ?? [],
    });
    try {
      await instance.start();
      return instance;
    } catch (error) {
      await instance.discard();
      throw error;
    }
  }

  /**
   * A peer that holds `objects`; the same one at each call with this `purpose`, until it is
   * dropped.
   */
  async primed(
    purpose: string,
    peer: Peer,
    objects: readonly number[],
    options: FreshOptions = {},
  ): Promise<Instance> {
    const key = `${purpose}/${peer.name}`;
    const made = this.#kept.get(key) ?? this.#prime(peer, objects, options);
    this.#kept.set(key, made);
    return made;
  }

  async dropKept(purpose: string): Promise<void> {
    for (const [key, made] of [...this.#kept]) {
      if (!key.startsWith(`${purpose}/`)) continue;
      this.#kept.delete(key);
      await (await made.catch(() => undefined))?.discard();
    }
  }

  /** Has an instance read `objects` whole and every byte compared: rejects where one is wrong. */
  async prime(instance: Instance, objects: readonly number[]): Promise<void> {
    const target = { ...instance.target, objectBytes: this.settings.objectBytes };
    const load = {
      connections: 1,
      requests: objects.length,
      order: 'sequential',
      objects,
    } as const;
    const result = await runLoad(this.tools, this.processes, target, { ...load, verify: true });
    if (result.errors > 0) throw new Error(`priming failed: ${result.firstError}`);
  }

  async close(): Promise<void> {
    await this.processes.endAll();
    await rm(this.directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  get #filesDirectory(): string {
    return join(this.directory, 'files');
  }

  async #prime(peer: Peer, objects: readonly number[], options: FreshOptions): Promise<Instance> {
    const instance = await this.fresh(peer, options);
    try {
      await this.prime(instance, objects);
      return instance;
    } catch (error) {
      await instance.discard();
      throw error;
    }
  }

  async #writeFiles(): Promise<void> {
    const objects = join(this.#filesDirectory, 'objects');
    mkdirSync(objects, { recursive: true });
    for (let index = 0; index < OBJECTS; index += 1) {
      const flags = {
        object: index,
        bytes: this.settings.objectBytes,
        out: join(objects, String(index)),
      };
      const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
      await this.processes.run([this.tools.pattern, ...args], WRITE_TIMEOUT_MS);
    }
    if (readdirSync(objects).length !== OBJECTS) throw new Error('the files were not written');
  }
}

/**
 * Reloads the configuration while the program runs, as a whole or not at all. Decides which changes
 * take effect, hands them to `apply`, and logs and counts the result. Used by assemble, which
 * implements `apply`.
 */
import { keepAuto } from '../config/capacity.js';
import { ConfigError, formatProblem } from '../config/problem.js';
import { planReload } from '../config/reload.js';
import type { Config, ResolvedConfig } from '../config/schema.js';
import type { Clock } from '../model/time.js';
import type { Telemetry } from '../telemetry/telemetry.js';

/** How a reload ended. */
export type ReloadOutcome =
  | { readonly kind: 'applied'; readonly needsRestart: readonly string[] }
  /** The running configuration stays. `message` lists the problems, as `validate` does. */
  | { readonly kind: 'refused'; readonly message: string };

export interface ReloadDeps {
  readonly telemetry: Pick<Telemetry, 'log' | 'metrics'>;
  readonly clock: Clock;
  /** Gives every part its new settings, in one turn of the event loop. Must not throw. */
  readonly apply: (config: ResolvedConfig) => void;
}

export class Reloading {
  readonly #parts: ReloadDeps;
  #running: ResolvedConfig;

  constructor(running: ResolvedConfig, parts: ReloadDeps) {
    this.#running = running;
    this.#parts = parts;
    parts.telemetry.metrics.configLoaded(parts.clock.now());
  }

  /** Applies the changes that a running program can take from `load`. Never throws. */
  reload(load: () => Config): ReloadOutcome {
    const { telemetry, clock, apply } = this.#parts;
    let loaded: Config;
    try {
      loaded = load();
    } catch (error) {
      telemetry.metrics.configReloaded('failure', clock.now());
      telemetry.log.error(
        { problems: problemsOf(error) },
        'the configuration was not reloaded: the running one stays in effect',
      );
      return { kind: 'refused', message: problemsOf(error).join('\n') };
    }
    const { config, needsRestart } = planReload(this.#running, keepAuto(loaded, this.#running));
    apply(config);
    this.#running = config;
    telemetry.metrics.configReloaded('success', clock.now());
    telemetry.log.info({}, 'the configuration was reloaded');
    if (needsRestart.length > 0) {
      telemetry.log.warn({ keys: needsRestart }, 'changes of these settings need a restart');
    }
    return { kind: 'applied', needsRestart };
  }
}

function problemsOf(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.problems.map(formatProblem);
  return [error instanceof Error ? error.message : String(error)];
}

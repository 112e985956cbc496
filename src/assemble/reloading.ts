/**
 * Reloads the configuration while the program runs: all of it or nothing. This file decides what
 * may change and who learns of it; `apply`, which assemble passes, changes the running parts.
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
  /** The running configuration stays; `message` is the reason, as `validate` prints it. */
  | { readonly kind: 'refused'; readonly message: string };

export interface ReloadDeps {
  readonly telemetry: Pick<Telemetry, 'log' | 'metrics'>;
  readonly clock: Clock;
  /** Hands every part its new settings, in one turn of the loop. Must not fail: all is checked. */
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

  /** Takes what `load` gives, as far as a running program can. Never throws. */
  reload(load: () => Config): ReloadOutcome {
    const { telemetry, clock, apply } = this.#parts;
    let wanted: Config;
    try {
      wanted = load();
    } catch (error) {
      telemetry.metrics.configReloaded('failure', clock.now());
      telemetry.log.error(
        { problems: problemsOf(error) },
        'the configuration was not reloaded: the previous one stays in effect',
      );
      return { kind: 'refused', message: problemsOf(error).join('\n') };
    }
    const { config, needsRestart } = planReload(this.#running, keepAuto(wanted, this.#running));
    apply(config);
    this.#running = config;
    telemetry.metrics.configReloaded('success', clock.now());
    telemetry.log.info({}, 'the configuration was reloaded');
    if (needsRestart.length > 0) {
      telemetry.log.warn({ keys: needsRestart }, 'changes that need a restart were left out');
    }
    return { kind: 'applied', needsRestart };
  }
}

function problemsOf(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.problems.map(formatProblem);
  return [error instanceof Error ? error.message : String(error)];
}

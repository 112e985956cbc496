/** Turns whatever a command threw into a message for people and an exit code. Called by program.ts. */
import { AddonError } from '../compute/addon-error.js';
import { ConfigError } from '../config/problem.js';
import { ListenError } from '../http/listen.js';
import { StartupError } from '../store/startup-error.js';
import { EXIT_CACHE_LOCKED, EXIT_CANNOT_LISTEN, EXIT_CONFIG, EXIT_INTERNAL } from './exit-codes.js';

/** How a command failed. */
export interface Failure {
  readonly exitCode: number;
  readonly message: string;
}

/** Classifies an error. What is not known is a defect, and its trace is shown. Never throws. */
export function classifyFailure(error: unknown): Failure {
  if (error instanceof ConfigError) {
    const heading = 'forebay: the configuration cannot be used';
    return { exitCode: EXIT_CONFIG, message: `${heading}\n${indent(error.message)}` };
  }
  if (error instanceof StartupError) {
    return { exitCode: startupExitCode(error), message: `forebay: ${error.message}` };
  }
  if (error instanceof ListenError) {
    return { exitCode: EXIT_CANNOT_LISTEN, message: `forebay: ${error.message}` };
  }
  if (error instanceof AddonError) {
    return { exitCode: EXIT_CONFIG, message: `forebay: ${error.message}` };
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: EXIT_INTERNAL, message: `forebay: an internal error\n${indent(trace)}` };
}

function startupExitCode(error: StartupError): number {
  switch (error.code) {
    case 'cache-locked':
      return EXIT_CACHE_LOCKED;
    case 'cache-format':
    case 'cache-chunk-size':
    case 'cache-directory':
      return EXIT_CONFIG;
  }
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}

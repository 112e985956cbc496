/** Turns an error thrown by a command into a message and an exit code. Called by program.ts. */
import { AddonError } from '../compute/addon-error.js';
import { ConfigError } from '../config/problem.js';
import { ListenError } from '../http/exchange/listen.js';
import { StartupError } from '../store/directory/startup-error.js';
import { ApiError, NotAnsweringError, UnprovenError } from './admin-client.js';
import {
  EXIT_CONFIG,
  EXIT_DENIED,
  EXIT_INTERNAL,
  EXIT_NOT_THERE,
  EXIT_TEMPORARY,
  EXIT_UNAVAILABLE,
} from './exit-codes.js';
import { UnreachableHolderError } from './session.js';

const TOKEN_ADVICE =
  'Run this as the user that Forebay runs as, on the same machine, or name the file with its token with ' +
  '--admin-token-file.';

/** The exit code and the message of a failed command. */
export interface Failure {
  readonly exitCode: number;
  readonly message: string;
}

/** Classifies an error. An unknown one is a defect, and its trace is printed. Never throws. */
export function classifyFailure(error: unknown): Failure {
  if (error instanceof ConfigError) {
    const heading = 'forebay: the configuration cannot be used';
    return { exitCode: EXIT_CONFIG, message: `${heading}\n${indent(error.message)}` };
  }
  if (error instanceof StartupError) {
    return { exitCode: startupExitCode(error), message: `forebay: ${error.message}` };
  }
  if (error instanceof ListenError) {
    return { exitCode: EXIT_UNAVAILABLE, message: `forebay: ${error.message}` };
  }
  if (error instanceof AddonError) {
    return { exitCode: EXIT_CONFIG, message: `forebay: ${error.message}` };
  }
  if (error instanceof NotAnsweringError || error instanceof UnreachableHolderError) {
    return { exitCode: EXIT_UNAVAILABLE, message: `forebay: ${error.message}` };
  }
  if (error instanceof UnprovenError) {
    const message = `forebay: ${error.message}; no token was sent to it\n${indent(TOKEN_ADVICE)}`;
    return { exitCode: EXIT_DENIED, message };
  }
  if (error instanceof ApiError) return apiFailure(error);
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: EXIT_INTERNAL, message: `forebay: an internal error\n${indent(trace)}` };
}

function startupExitCode(error: StartupError): number {
  switch (error.code) {
    case 'cache-locked':
      return EXIT_TEMPORARY;
    case 'cache-format':
    case 'cache-chunk-size':
    case 'cache-untrusted':
    case 'cache-directory':
      return EXIT_CONFIG;
  }
}

function apiFailure({ status, code, message }: ApiError): Failure {
  const text = `forebay: ${message} (${code})`;
  if (status === 401 || status === 403) {
    return { exitCode: EXIT_DENIED, message: `${text}\n${indent(TOKEN_ADVICE)}` };
  }
  if (status === 409 || status === 429 || status === 503)
    return { exitCode: EXIT_TEMPORARY, message: text };
  if (status < 500) return { exitCode: EXIT_NOT_THERE, message: text };
  return { exitCode: EXIT_INTERNAL, message: text };
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}

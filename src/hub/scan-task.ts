/** The messages between hub/scan-pool and its thread: plain data that survives structured clone. */
import type { Read } from './json-text.js';

export type ScanTask =
  | { readonly kind: 'feed'; readonly text: number; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly text: number }
  | { readonly kind: 'forget'; readonly text: number };

export type ScanReply =
  | { readonly kind: 'fed' }
  | { readonly kind: 'found'; readonly read: Read }
  | { readonly kind: 'malformed' };

/**
 * Entry of the thread that scans long JSON. hub/scan-pool loads it and calls its default export
 * once for each task.
 */
import { TextReader } from './json-text.js';
import type { ScanReply, ScanTask } from './scan-task.js';

/** The unfinished texts; hub/scan-pool bounds their number. */
const texts = new Map<number, TextReader>();

export default function scan(task: ScanTask): ScanReply {
  const reader = texts.get(task.text) ?? new TextReader();
  if (task.kind !== 'feed') texts.delete(task.text);
  try {
    switch (task.kind) {
      case 'feed':
        reader.feed(task.bytes);
        texts.set(task.text, reader);
        return { kind: 'fed' };
      case 'end':
        return { kind: 'found', read: reader.end() };
      case 'forget':
        return { kind: 'fed' };
    }
  } catch (error) {
    texts.delete(task.text);
    if (error instanceof SyntaxError) return { kind: 'malformed' };
    throw error;
  }
}

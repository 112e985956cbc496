/** Entry of a hash thread; compute/hash-pool calls its default export for each task. */
import type { HashResult, HashTask } from '../compute/protocol.js';
import { ObjectHasher } from './hash-object.js';

const hasher = new ObjectHasher();

export default function hash(task: HashTask): HashResult {
  return hasher.run(task);
}

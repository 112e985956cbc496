/** Entry of the hash thread: compute/hash-pool loads it and calls its default export per task. */
import type { HashResult, HashTask } from '../compute/protocol.js';
import { ObjectHasher } from './hash-object.js';

const hasher = new ObjectHasher();

export default function hash(task: HashTask): HashResult {
  return hasher.run(task);
}

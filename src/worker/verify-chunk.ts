/**
 * Runs a `VerifyTask`: hashes a held chunk group by group before its first read in this process,
 * ahead of the sender that waits for it. Starts at the group that the sender needs, and goes round.
 * Used by verify-worker.
 */
import { native } from '../compute/native.js';
import type { VerifyResult, VerifyTask } from '../compute/protocol.js';
import { WatermarkWriter } from '../compute/watermark.js';
import { GROUP_SIZE_BYTES, groupCount, ID_BYTES } from '../model/chunk.js';
import { errnoOf } from '../model/errno.js';
import { readFully } from './read-fully.js';

/**
 * Compares the chunk with its group ids. Advances the watermark by each group that matches and
 * completes it after the last; fails it at a mismatch or a read error. A file that is too short is
 * a mismatch. `buffer` has the size of one group.
 */
export function verifyChunk(
  task: VerifyTask,
  buffer: Uint8Array,
  wakeFds: readonly number[],
): VerifyResult {
  const watermark = new WatermarkWriter(task.watermark, wakeFds);
  const result = compareGroups(task, buffer, watermark);
  if (result.kind === 'verified') watermark.complete();
  else watermark.fail();
  return result;
}

function compareGroups(
  task: VerifyTask,
  buffer: Uint8Array,
  watermark: WatermarkWriter,
): VerifyResult {
  const groups = groupCount(task.lengthBytes);
  const seen = new Uint8Array(ID_BYTES);
  const firstGroup = watermark.order.start / GROUP_SIZE_BYTES;
  let checkedBytes = 0;
  for (let step = 0; step < groups; step++) {
    const group = (firstGroup + step) % groups;
    const from = group * GROUP_SIZE_BYTES;
    const count = Math.min(GROUP_SIZE_BYTES, task.lengthBytes - from);
    try {
      if (readFully(task.fd, buffer, count, from) < count) return { kind: 'mismatch', group };
    } catch (error) {
      return { kind: 'unreadable', errno: errnoOf(error) };
    }
    const isObject = task.wholeObject && groups === 1;
    const groupIndex = task.start / GROUP_SIZE_BYTES + group;
    native.groupId(buffer.subarray(0, count), groupIndex, isObject, seen, 0);
    const recorded = task.groupIds.subarray(group * ID_BYTES, (group + 1) * ID_BYTES);
    if (Buffer.compare(seen, recorded) !== 0) return { kind: 'mismatch', group };
    checkedBytes += count;
    watermark.received(checkedBytes);
    watermark.advance(checkedBytes);
  }
  return { kind: 'verified' };
}

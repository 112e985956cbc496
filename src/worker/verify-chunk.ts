/**
 * Runs a `VerifyTask`: hashes a held chunk group by group, ahead of the sender that waits for it.
 * It begins with the group that the reader needs, and wraps around.
 */
import { native } from '../compute/native.js';
import type { VerifyResult, VerifyTask } from '../compute/protocol.js';
import { WatermarkWriter } from '../compute/watermark.js';
import { GROUP_SIZE_BYTES, groupCount, ID_BYTES } from '../model/chunk.js';
import { errnoOf } from '../model/errno.js';
import { readFully } from './read-fully.js';

/**
 * Advances the watermark by each group that matches and completes it after the last; fails it
 * otherwise. A file that is too short is a mismatch. `buffer` holds one group.
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
    const wanted = Math.min(GROUP_SIZE_BYTES, task.lengthBytes - from);
    try {
      if (readFully(task.fd, buffer, wanted, from) < wanted) return { kind: 'mismatch', group };
    } catch (error) {
      return { kind: 'unreadable', errno: errnoOf(error) };
    }
    const isObject = task.wholeObject && groups === 1;
    const groupIndex = task.start / GROUP_SIZE_BYTES + group;
    native.groupId(buffer.subarray(0, wanted), groupIndex, isObject, seen, 0);
    const recorded = task.groupIds.subarray(group * ID_BYTES, (group + 1) * ID_BYTES);
    if (Buffer.compare(seen, recorded) !== 0) return { kind: 'mismatch', group };
    checkedBytes += wanted;
    watermark.received(checkedBytes);
    watermark.advance(checkedBytes);
  }
  return { kind: 'verified' };
}

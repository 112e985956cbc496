/**
 * Writes a model that looks like a real one: several safetensors shards with tensors of different
 * types and shapes, their index, and a config.json. The same size gives the same bytes each time.
 * The demo's origin serves it; the digests are what every download is compared with.
 */
import { createCipheriv, createHash } from 'node:crypto';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface ModelFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Bytes of one element, by the names that safetensors gives to types. */
const ELEMENT_BYTES = { BF16: 2, F16: 2, F32: 4, I8: 1, I64: 8 } as const;

type ElementType = keyof typeof ELEMENT_BYTES;

interface Tensor {
  readonly name: string;
  readonly dtype: ElementType;
  readonly shape: readonly number[];
}

/** Four files, so that a client has several to ask for at once. */
const SHARDS = 4;

/** Widths to choose from: the widest of which the model can have `MIN_LAYERS`. */
const WIDTHS = [1024, 512, 256, 128, 64] as const;
const MIN_LAYERS = 4;

/** Below this not even the narrowest layers make a model of several shards. */
export const MIN_MODEL_BYTES = 1024 * 1024;

/** One write: large enough for the disk, small enough to notice an interrupt. */
const BLOCK_BYTES = 1024 * 1024;

/**
 * Writes a model of about `sizeBytes` into `directory`, which exists. Rejects with the signal's
 * reason when it aborts, and with a `RangeError` below `MIN_MODEL_BYTES`.
 */
export async function writeModel(
  directory: string,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<readonly ModelFile[]> {
  if (sizeBytes < MIN_MODEL_BYTES) throw new RangeError('too small for a model');
  const { tensors, config } = architecture(sizeBytes);
  const shards = split(tensors);
  const files: ModelFile[] = [];
  const shardOf: Record<string, string> = {};
  for (const [index, shard] of shards.entries()) {
    const name = `model-${fiveDigits(index + 1)}-of-${fiveDigits(shards.length)}.safetensors`;
    files.push(await writeShard(directory, name, shard, signal));
    for (const tensor of shard) shardOf[tensor.name] = name;
  }
  const totalSize = tensors.reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
  const weights = { metadata: { total_size: totalSize }, weight_map: shardOf };
  files.push(await writeJson(directory, 'model.safetensors.index.json', weights));
  files.push(await writeJson(directory, 'config.json', config));
  return files;
}

/** The tensors of a decoder of about `sizeBytes`; what layers leave over goes to the embedding. */
function architecture(sizeBytes: number): { tensors: readonly Tensor[]; config: object } {
  const bytesOf = (tensors: readonly Tensor[]): number =>
    tensors.reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
  const fits = (width: number): boolean => bytesOf(layer(0, width)) * (MIN_LAYERS + 1) <= sizeBytes;
  const width = WIDTHS.find(fits) ?? WIDTHS[WIDTHS.length - 1] ?? 64;
  const layerBytes = bytesOf(layer(0, width));
  const layerCount = Math.floor((sizeBytes - layerBytes / 2) / layerBytes);
  const vocabulary = Math.ceil((sizeBytes - layerCount * layerBytes) / (width * 2));
  const embedding: Tensor = {
    name: 'model.embed_tokens.weight',
    dtype: 'BF16',
    shape: [vocabulary, width],
  };
  const layers = Array.from({ length: layerCount }, (_, index) => layer(index, width));
  return {
    tensors: [embedding, ...layers.flat()],
    config: {
      architectures: ['DemoForCausalLM'],
      hidden_size: width,
      intermediate_size: width * 4,
      num_hidden_layers: layerCount,
      vocab_size: vocabulary,
      torch_dtype: 'bfloat16',
    },
  };
}

function layer(index: number, width: number): readonly Tensor[] {
  const inner = width * 4;
  const tensor = (name: string, dtype: ElementType, ...shape: number[]): Tensor => ({
    name: `model.layers.${String(index)}.${name}`,
    dtype,
    shape,
  });
  return [
    tensor('input_layernorm.weight', 'F32', width),
    tensor('self_attn.q_proj.weight', 'BF16', width, width),
    tensor('self_attn.k_proj.weight', 'BF16', width, width),
    tensor('self_attn.v_proj.weight', 'BF16', width, width),
    tensor('self_attn.o_proj.weight', 'BF16', width, width),
    tensor('self_attn.position_ids', 'I64', width),
    tensor('post_attention_layernorm.weight', 'F32', width),
    tensor('mlp.gate_proj.qweight', 'I8', inner, width),
    tensor('mlp.gate_proj.scales', 'F16', inner),
    tensor('mlp.up_proj.weight', 'BF16', inner, width),
    tensor('mlp.down_proj.weight', 'BF16', width, inner),
  ];
}

/** Tensors in order, cut into shards of about equal size. */
function split(tensors: readonly Tensor[]): readonly (readonly Tensor[])[] {
  const total = tensors.reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
  const shards: Tensor[][] = Array.from({ length: SHARDS }, () => []);
  let before = 0;
  for (const tensor of tensors) {
    shards[Math.floor((before / total) * SHARDS)]?.push(tensor);
    before += tensorBytes(tensor);
  }
  return shards.filter((shard) => shard.length > 0);
}

async function writeShard(
  directory: string,
  name: string,
  tensors: readonly Tensor[],
  signal: AbortSignal,
): Promise<ModelFile> {
  const header = safetensorsHeader(tensors);
  const dataBytes = tensors.reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
  const hash = createHash('sha256').update(header);
  // A stream cipher over zeros: bytes that do not compress, gigabytes a second, always the same.
  const seed = createHash('sha256').update(name).digest();
  const cipher = createCipheriv('aes-128-ctr', seed.subarray(0, 16), seed.subarray(16));
  const zeros = Buffer.alloc(BLOCK_BYTES);
  const file = await open(join(directory, name), 'wx');
  try {
    await file.write(header);
    for (let written = 0; written < dataBytes; written += BLOCK_BYTES) {
      signal.throwIfAborted();
      const block = cipher.update(zeros.subarray(0, Math.min(BLOCK_BYTES, dataBytes - written)));
      hash.update(block);
      await file.write(block);
    }
  } finally {
    await file.close();
  }
  return { name, bytes: header.length + dataBytes, sha256: hash.digest('hex') };
}

/**
 * The 8-byte little-endian length of a JSON header and the header, padded with spaces to 8 bytes.
 */
function safetensorsHeader(tensors: readonly Tensor[]): Buffer {
  const entries: Record<string, object> = { __metadata__: { format: 'pt' } };
  let offset = 0;
  for (const tensor of tensors) {
    const end = offset + tensorBytes(tensor);
    entries[tensor.name] = {
      dtype: tensor.dtype,
      shape: tensor.shape,
      data_offsets: [offset, end],
    };
    offset = end;
  }
  const text = JSON.stringify(entries);
  const json = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json]);
}

async function writeJson(directory: string, name: string, value: object): Promise<ModelFile> {
  const content = Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
  await writeFile(join(directory, name), content, { flag: 'wx' });
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { name, bytes: content.length, sha256 };
}

function tensorBytes({ dtype, shape }: Tensor): number {
  return shape.reduce((product, size) => product * size, ELEMENT_BYTES[dtype]);
}

function fiveDigits(number: number): string {
  return String(number).padStart(5, '0');
}

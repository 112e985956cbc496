/**
 * hf_transfer, in the last huggingface_hub that takes it: a hundred ranges in flight, unchecked.
 */
import t, { type Test } from 'tap';
import { safetensors } from '../fixtures/hub-models.js';
import { hash } from '../fixtures/hub-repository.js';
import { startHubScene } from '../fixtures/hub-scene.js';
import { prepareClient, runPython } from '../fixtures/interop-clients.js';

/** Smaller files are not given to hf_transfer: five of its pieces of 10 MiB. */
const LENGTH = 53 * 1024 * 1024;
const FILE = 'model.safetensors';
const BYTES = safetensors(['weight'], LENGTH, 5);
const SHA256 = hash('sha256', BYTES);

const environment = prepareClient('transfer');
const transfer = { HF_HUB_ENABLE_HF_TRANSFER: '1' };

function start(t: Test) {
  return startHubScene(t, {
    repositories: [
      { id: 'acme/large', files: { [FILE]: BYTES, 'config.json': Buffer.from('{}') } },
    ],
  });
}

t.test('hf_transfer gets the right bytes, cold and warm', { skip: environment.skip }, async (t) => {
  const { hub, program, url } = await start(t);
  const args = ['download', 'acme/large', FILE] as const;
  const options = { endpoint: url, env: transfer };
  const cold = await runPython(t, environment, args, options);
  t.match(cold.result, { sha256: SHA256 }, cold.stderr);
  t.equal(hub.contentBytes, BYTES.length);
  const ranges = program.logs().filter(({ status }) => status === 206);
  t.ok(ranges.length >= LENGTH / (10 * 1024 * 1024), 'it was hf_transfer that asked, by ranges');

  const warm = await runPython(t, environment, args, { ...options, home: 'another' });
  t.match(warm.result, { sha256: SHA256 }, warm.stderr);
  t.equal(hub.contentBytes, BYTES.length);
});

t.test('hf_transfer leaves no file for a corrupt one', { skip: environment.skip }, async (t) => {
  const { hub, program, url } = await start(t);
  const args = ['download', 'acme/large', FILE] as const;
  const options = { endpoint: url, env: transfer };
  const mend = hub.corrupt({ sha256: SHA256 });
  const failed = await runPython(t, environment, args, options);
  t.match(failed.result, { error: String }, 'the client fails');
  t.ok((await program.metric('forebay_chunk_verify_failures_total')) > 0, 'which is counted');
  mend();
  const mended = await runPython(t, environment, args, options);
  t.match(mended.result, { sha256: SHA256 }, mended.stderr);
});

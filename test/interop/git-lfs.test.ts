/** git-lfs through plain origins: the batch API passed on, the objects cached. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startEchoOrigin } from '../fixtures/echo-origin.js';
import { hash } from '../fixtures/hub-repository.js';
import { missing, runTool } from '../fixtures/program-client.js';
import { startProgram, testDirectory } from '../fixtures/program.js';
import { patternBytes, startOrigin } from '../fixtures/scripted-origin.js';

const BYTES = patternBytes(3, 0, 5 * 1024 * 1024 + 7);
const OID = hash('sha256', BYTES);
const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${OID}\nsize ${String(BYTES.length)}\n`;

/** Why it is skipped: `git lfs` is a command of git's. */
const skip = missing('git') || missing('git-lfs');

interface Batch {
  readonly objects: readonly { readonly oid: string; readonly size: number }[];
}

/** A server of the batch API that says where objects are: on another host, as forges do. */
async function startBatchServer(t: Test, objectsUrl: string) {
  const server = await startEchoOrigin(t);
  server.answer = async (request, response) => {
    const { body } = await server.read(request);
    const { objects } = JSON.parse(body.toString()) as Batch;
    const found = objects.map(({ oid, size }) => {
      const download = { href: `${objectsUrl}/lfs/${oid}`, expires_in: 3600 };
      return { oid, size, authenticated: true, actions: { download } };
    });
    response.writeHead(200, { 'content-type': 'application/vnd.git-lfs+json' });
    response.end(JSON.stringify({ transfer: 'basic', objects: found }));
  };
  return server;
}

t.test('two clones with git-lfs cost one download', { skip }, async (t) => {
  const objects = await startOrigin({
    objects: { [`/lfs/${OID}`]: { bytes: BYTES, cacheControl: 'max-age=3600' } },
  });
  t.teardown(() => objects.close());
  const batch = await startBatchServer(t, objects.url);
  const program = await startProgram(t, {
    config: [
      'origins:',
      `  - { mount: /batch, url: '${batch.url}', passMethods: true }`,
      `  - { mount: /objects, url: '${objects.url}' }`,
      '',
    ].join('\n'),
  });

  const directory = testDirectory(t);
  const git = async (...args: string[]) => {
    const { code, stderr } = await runTool(t, 'git', ['-C', directory, ...args]);
    t.equal(code, 0, `git ${args.join(' ')}\n${stderr}`);
  };
  const source = join(directory, 'source');
  await git('init', '--quiet', source);
  writeFileSync(join(source, '.gitattributes'), '*.bin filter=lfs diff=lfs merge=lfs -text\n');
  writeFileSync(join(source, 'weights.bin'), POINTER);
  // The pointer is committed as it is: nothing is uploaded anywhere.
  const raw = [
    '-c',
    'filter.lfs.clean=cat',
    '-c',
    'filter.lfs.process=',
    '-c',
    'filter.lfs.required=false',
  ];
  await git('-C', source, ...raw, 'add', '.');
  const author = ['-c', 'user.name=A', '-c', 'user.email=a@example.org'];
  await git('-C', source, ...raw, ...author, 'commit', '--quiet', '-m', 'Weights');

  for (const name of ['first', 'second']) {
    const clone = join(directory, name);
    await git(...raw, '-c', 'filter.lfs.smudge=cat', 'clone', '--quiet', source, clone);
    for (const [key, value] of [
      ['lfs.url', `${program.url}/batch`],
      // What the batch API says of the objects' host is rewritten to Forebay by git-lfs itself.
      ['lfs.transfer.enablehrefrewrite', 'true'],
      [`url.${program.url}/objects.insteadOf`, objects.url],
    ] as const) {
      await git('-C', clone, 'config', key, value);
    }
    await git('-C', clone, 'lfs', 'install', '--local');
    await git('-C', clone, 'lfs', 'pull');
    t.ok(readFileSync(join(clone, 'weights.bin')).equals(BYTES), name);
  }
  t.equal(batch.received.length, 2, 'each clone sent a batch request');
  t.equal(objects.bodyBytes, BYTES.length, 'the object came once');
});

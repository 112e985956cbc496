/**
 * The container image: what its Dockerfile promises, and that the files which it copies are all.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import { CONFIG_ENV } from '#src/config/catalog.js';
import { formatAddress } from '#src/config/kinds.js';
import { configSchema } from '#src/config/schema.js';
import { type Image, layImage, readImage } from '../fixtures/image.js';
import { getRange, isPattern } from '../fixtures/program-client.js';
import { startOrigin } from '../fixtures/scripted-origin.js';
import { readText } from '../fixtures/source-tree.js';

const SEED = 31;
const LENGTH = 9_000_000;
const image = readImage();
const config = configSchema.parse(parse(readText('deploy/docker/forebay.yaml')));

t.test('image: it is built on the base it runs on, and does not run as root', async (t) => {
  const { engines } = JSON.parse(readText('package.json')) as { engines: { node: string } };
  const major = /\d+/.exec(engines.node)?.[0] ?? '';
  t.same(image.bases, [`node:${major}-bookworm`, `node:${major}-bookworm-slim`]);
  const [user, group] = image.user.split(':').map(Number);
  t.ok(Number(user) > 0 && Number(group) > 0, `a number that is not root: ${image.user}`);
  t.equal(image.stopSignal, 'SIGTERM');
});

t.test('image: ports, volume and health check match its configuration', async (t) => {
  t.same(
    image.ports,
    [config.listen, config.admin].map(({ address }) => String(address.port)),
  );
  t.same(
    [config.listen, config.admin].map(({ address }) => address.host),
    ['0.0.0.0', '0.0.0.0'],
    'a container is reached from outside',
  );
  t.same(image.volumes, [config.cache.directory]);
  t.match(image.healthCheck.join(' '), `127.0.0.1:${String(config.admin.address.port)}/healthz`);
  t.same(Object.keys(image.env), [CONFIG_ENV]);
  const { target } = image.copies.find(({ fromBuild }) => !fromBuild) ?? {};
  t.equal(image.env[CONFIG_ENV], `${target ?? ''}forebay.yaml`);
});

t.test("image: its version equals the package's", async (t) => {
  const { version } = JSON.parse(readText('package.json')) as { version: string };
  t.equal(image.arguments['VERSION'], version);
  t.match(image.labels, 'org.opencontainers.image.version="$VERSION"');
});

t.test('image: the build context holds only the copied files', async (t) => {
  const lines = readText('.dockerignore')
    .split('\n')
    .filter((line) => /^[^#]/.test(line));
  t.equal(lines.shift(), '*', 'all else is left out');
  t.same(lines, image.context.map((path) => `!${path}`).sort(byName));
});

function byName(a: string, b: string): number {
  return a.toLowerCase() < b.toLowerCase() ? -1 : 1;
}

t.test('image: its files alone, read-only, serve a range and pass the health check', async (t) => {
  const origin = await startOrigin({
    objects: { '/model': { bytes: { seed: SEED, length: LENGTH } } },
  });
  t.teardown(() => origin.close());
  const container = await runContainer(t, image, { FOREBAY_ORIGIN: origin.url });

  const got = await getRange(`http://${container.listen}/model`, 1000, LENGTH - 1000);
  t.equal(got.status, 206);
  t.ok(got.whole && isPattern(got.body, SEED, 1000), 'the right bytes');
  t.equal(container.checkHealth(), 0);

  t.equal(await container.stop(), 0, 'its stop signal ends it in order');
  t.equal(container.checkHealth(), 1);
});

/**
 * Starts the image's command, with its paths moved below a folder and its user if we may choose.
 */
async function runContainer(t: Test, image: Image, more: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), 'forebay-image-'));
  t.teardown(() => {
    // Root may remove what it may not write; others have to take the right back first.
    spawnSync('chmod', ['-R', 'u+w', root]);
    rmSync(root, { recursive: true });
  });
  const directory = join(root, config.cache.directory);
  mkdirSync(directory, { recursive: true });
  layImage(image, root);
  chmodSync(directory, 0o700);

  const [uid = 0, gid = 0] = image.user.split(':').map(Number);
  const asRoot = process.getuid?.() === 0;
  if (asRoot) chownSync(directory, uid, gid);
  const env = {
    ...image.env,
    [CONFIG_ENV]: join(root, image.env[CONFIG_ENV] ?? ''),
    FOREBAY_CACHE_DIRECTORY: directory,
    FOREBAY_CACHE_CAPACITY: '1GiB',
    // Beside other tests only free ports of loopback are ours.
    FOREBAY_LISTEN_ADDRESS: '127.0.0.1:0',
    FOREBAY_ADMIN_ADDRESS: '127.0.0.1:0',
    ...more,
  };
  const [, script = '', ...args] = image.command;
  const child = spawn(process.execPath, [join(root, script), ...args], {
    cwd: '/',
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(asRoot ? { uid, gid } : {}),
  });
  const ended = once(child, 'close').then(([code]: unknown[]) => code);
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const addressOf = async (what: string): Promise<string> => {
    for (;;) {
      const found = new RegExp(`^${what} +http://(\\S+)\\n`, 'm').exec(said)?.[1];
      if (found !== undefined) return found;
      const next = await Promise.race([once(child.stderr, 'data'), ended.then(() => null)]);
      if (next === null) throw new Error(`it ended and said:\n${said}`);
    }
  };
  const listen = await addressOf('listen');
  const admin = await addressOf('admin');
  return {
    listen,
    checkHealth(): number | null {
      const local = formatAddress({ ...config.admin.address, host: '127.0.0.1' });
      const check = image.healthCheck.slice(1).map((arg) => arg.replace(local, admin));
      return spawnSync(process.execPath, check, { env: {} }).status;
    },
    async stop(): Promise<unknown> {
      child.kill(image.stopSignal as NodeJS.Signals);
      return ended;
    },
  };
}

t.test("image: the cache directory belongs to the image's user", async (t) => {
  const [user = '', group = ''] = image.user.split(':');
  const dockerfile = readFileSync(
    new URL('../../../deploy/docker/Dockerfile', import.meta.url),
    'utf8',
  );
  t.match(
    dockerfile,
    `RUN install --directory --owner=${user} --group=${group} --mode=0700 ${config.cache.directory}`,
  );
});

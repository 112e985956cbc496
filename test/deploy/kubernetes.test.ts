/** The manifests: what they set is known, what they ask is there, and nothing runs as root. */
import t, { type Test } from 'tap';
import type { Config } from '#src/config/schema.js';
import {
  configOf,
  type Container,
  documentsOf,
  type Manifest,
  type PodSpec,
  quantityBytes,
  unknownFlags,
} from '../fixtures/deployed.js';
import { readImage } from '../fixtures/image.js';
import { filesBelow, readText } from '../fixtures/source-tree.js';

const DAEMONSET = documentsOf('deploy/kubernetes/daemonset.yaml');
const SIDECAR = documentsOf('deploy/kubernetes/sidecar.yaml');

/** What a stop takes beyond the draining of clients: chunks on their way, worker pools. */
const STOP_ALLOWANCE_MS = 10_000;

function podOf(manifests: readonly Manifest[]): PodSpec {
  const pod = manifests.flatMap(({ spec }) => spec?.template?.spec ?? [])[0];
  if (pod === undefined) throw new Error('no pod is described');
  return pod;
}

function forebayOf({ initContainers = [], containers }: PodSpec): Container {
  const found = [...initContainers, ...containers].find(({ name }) => name === 'forebay');
  if (found === undefined) throw new Error('the pod has no Forebay');
  return found;
}

function configIn(manifests: readonly Manifest[]): Config {
  return configOf(manifests.flatMap(({ data }) => data?.['forebay.yaml'] ?? [])[0] ?? '');
}

function checkForebay(t: Test, manifests: readonly Manifest[]): void {
  const config = configIn(manifests);
  const pod = podOf(manifests);
  const container = forebayOf(pod);
  const { version } = JSON.parse(readText('package.json')) as { version: string };
  t.equal(container.image, `forebay:${version}`);
  t.equal(container.args[0], 'serve');
  t.same(unknownFlags(container.args), []);

  const { startupProbe, readinessProbe, livenessProbe, ports } = container;
  const asked = [startupProbe, readinessProbe, livenessProbe].map(({ httpGet }) => httpGet);
  t.same(
    asked.map(({ path }) => path),
    ['/readyz', '/readyz', '/healthz'],
  );
  t.same(new Set(asked.map(({ port }) => port)), new Set(['admin']));
  const portOf = (name: string) => ports.find((port) => port.name === name)?.containerPort;
  t.equal(portOf('admin'), config.admin.address.port);
  t.equal(config.admin.address.host, '0.0.0.0', 'the kubelet asks the pod`s address');

  const user = container.securityContext.runAsUser ?? pod.securityContext.runAsUser;
  t.equal(String(user), readImage().user.split(':')[0], 'the user that the image is made for');
  t.ok(container.securityContext.runAsNonRoot ?? pod.securityContext.runAsNonRoot);
  t.match(container.securityContext, {
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
  });

  t.equal(pod.enableServiceLinks, false, 'no FOREBAY_* that is none of ours');
  const graceMs = pod.terminationGracePeriodSeconds * 1000;
  t.ok(graceMs >= config.listen.drainTimeoutMs + STOP_ALLOWANCE_MS, 'time to drain');

  const { directory } = config.cache;
  const mounted = container.volumeMounts.find(({ mountPath }) =>
    `${directory}/`.startsWith(`${mountPath}/`),
  );
  const volume = pod.volumes.find(({ name }) => name === mounted?.name);
  t.ok(volume, 'the cache is on a volume');
  // The root of an emptyDir belongs to root, and all may write it.
  if (volume?.emptyDir !== undefined) t.not(directory, mounted?.mountPath);
  const limit = volume?.emptyDir?.sizeLimit;
  if (limit !== undefined) {
    t.ok(Number(config.cache.capacityBytes) <= 0.92 * quantityBytes(limit), 'room in the volume');
  }
}

t.test('the DaemonSet matches its configuration and its Service', async (t) => {
  checkForebay(t, DAEMONSET);
  const config = configIn(DAEMONSET);
  const http = forebayOf(podOf(DAEMONSET)).ports.find(({ name }) => name === 'http');
  t.equal(http?.containerPort, config.listen.address.port);
  t.equal(config.listen.address.host, '0.0.0.0');
  const service = DAEMONSET.find(({ kind }) => kind === 'Service');
  t.equal(service?.spec?.internalTrafficPolicy, 'Local', 'clients stay on their node');
  t.equal(service?.spec?.ports?.[0]?.targetPort, 'http');
});

t.test('the sidecar starts first, listens on loopback and is used by the pod', async (t) => {
  checkForebay(t, SIDECAR);
  const pod = podOf(SIDECAR);
  const [first, second] = pod.initContainers ?? [];
  t.match(first, { name: 'forebay', restartPolicy: 'Always' }, 'a native sidecar, and the first');
  t.equal(second?.restartPolicy, undefined, 'an init container that uses it');
  const { host, port } = configIn(SIDECAR).listen.address;
  t.equal(host, '127.0.0.1', 'for its pod alone');
  const from = second?.env?.find(({ name }) => name === 'FROM')?.value;
  t.equal(from, `http://127.0.0.1:${String(port)}`);
  t.same(
    pod.containers.flatMap(({ env = [] }) => env).filter(({ name }) => name === 'HF_ENDPOINT'),
    [],
    'nothing relies on the mirror that is not there yet',
  );
});

t.test('each file holds valid Kubernetes objects', async (t) => {
  const files = filesBelow('deploy/kubernetes').filter((path) => path.endsWith('.yaml'));
  t.ok(files.length >= 3);
  for (const { apiVersion, kind, metadata } of files.flatMap(documentsOf)) {
    t.ok(apiVersion && kind && metadata.name, `${kind} ${metadata.name}`);
  }
});

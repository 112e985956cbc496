/** The Compose file: what it sets is known, and its services wait for one another. */
import t from 'tap';
import { parse } from 'yaml';
import { parseDuration } from '#src/config/units.js';
import { configOf, unknownVariables } from '../fixtures/deployed.js';
import { readImage } from '../fixtures/image.js';
import { readText } from '../fixtures/source-tree.js';

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly environment: Readonly<Record<string, string>>;
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly stop_grace_period?: string;
}

const { services, volumes } = parse(readText('deploy/compose/docker-compose.yaml')) as {
  readonly services: Readonly<Record<'forebay' | 'weights' | 'vllm', Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
const config = configOf(readText('deploy/docker/forebay.yaml'));

t.test('compose: Forebay is built from this checkout and is confined', async (t) => {
  const { forebay } = services;
  t.same(forebay.build, { context: '../..', dockerfile: 'deploy/docker/Dockerfile' });
  const { version } = JSON.parse(readText('package.json')) as { version: string };
  t.equal(forebay.image, `forebay:${version}`);
  t.match(forebay, { read_only: true, cap_drop: ['ALL'] });
  t.same(unknownVariables(Object.keys(forebay.environment)), []);
  const port = String(config.listen.address.port);
  t.same(forebay.ports, [`127.0.0.1:${port}:${port}`], 'the admin listener stays inside');
  const graceMs = parseDuration(forebay.stop_grace_period ?? '') ?? 0;
  t.ok(graceMs >= config.listen.drainTimeoutMs + 10_000, 'time to drain');
});

t.test("compose: the cache is a volume at the image's cache directory", async (t) => {
  const [name = '', path] = services.forebay.volumes[0]?.split(':') ?? [];
  t.equal(path, readImage().volumes[0]);
  t.ok(Object.hasOwn(volumes, name));
});

t.test('compose: vLLM waits for the weights, and their download for Forebay', async (t) => {
  const { weights, vllm } = services;
  t.equal(weights.depends_on?.['forebay']?.condition, 'service_healthy');
  t.equal(vllm.depends_on?.['weights']?.condition, 'service_completed_successfully');
  t.equal(weights.environment['FROM'], `http://forebay:${String(config.listen.address.port)}`);
  t.notOk('HF_ENDPOINT' in vllm.environment, 'nothing relies on a mirror that is not there yet');
});

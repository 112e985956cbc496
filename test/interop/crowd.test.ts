/** Five clients that want the same repository at once, each with an empty cache of its own. */
import t from 'tap';
import { shardedModel } from '../fixtures/hub-models.js';
import { hash } from '../fixtures/hub-repository.js';
import { sizeOf, startHubScene } from '../fixtures/hub-scene.js';
import { prepareClient, runPython } from '../fixtures/interop-clients.js';

const FILES = shardedModel({ shards: 4, shardBytes: 6 * 1024 * 1024 });
const DIGESTS = Object.fromEntries(
  Object.entries(FILES).map(([path, bytes]) => [path, hash('sha256', bytes)]),
);
const CLIENTS = ['1', '2', '3', '4', '5'];

const environment = prepareClient('hub');

t.test(
  'five snapshot_downloads cost the origin one download',
  { skip: environment.skip },
  async (t) => {
    const { hub, url } = await startHubScene(t, {
      repositories: [{ id: 'acme/tiny', files: FILES }],
    });
    const commit = hub.repository('models', 'acme/tiny', undefined).head.id;
    const everybody = (round: string) =>
      Promise.all(
        CLIENTS.map((client) => {
          const options = { endpoint: url, home: `${round}-${client}` };
          return runPython(t, environment, ['snapshot', 'acme/tiny'], options);
        }),
      );

    for (const { result, stderr } of await everybody('cold')) {
      t.same(result, { commit, files: DIGESTS }, stderr);
    }
    t.equal(hub.contentBytes, sizeOf(FILES), '1.00 times the repository');

    await hub.stop();
    for (const { result, stderr } of await everybody('offline')) {
      t.same(result, { commit, files: DIGESTS }, stderr);
    }
    t.equal(hub.contentBytes, sizeOf(FILES));
  },
);

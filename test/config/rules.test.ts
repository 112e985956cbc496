import t from 'tap';
import { type RuledConfig, rules } from '#src/config/rules.js';

const MIB = 2 ** 20;

const plain = { adapter: 'http', headers: { authorization: 'Basic eA==' } };

const sound: RuledConfig = {
  listen: { address: { host: 'a', port: 1 }, headersTimeout: 10, requestTimeout: 30 },
  admin: { address: { host: 'a', port: 2 }, enabled: true },
  cache: {
    capacity: 'auto',
    metadataCapacity: 'auto',
    chunkSize: 8 * MIB,
    serveThroughMemory: 256 * MIB,
  },
  fill: {
    threads: 2,
    connectionsPerThread: 4,
    connectTimeout: 5,
    firstByteTimeout: 8,
    retryBase: 1,
    retryCap: 2,
    requestTimeout: 60,
  },
  origins: [
    { name: 'a', mount: '/', ...plain },
    { name: 'b', mount: '/b', ...plain },
  ],
};

function hubWith(headers: Readonly<Record<string, string>>) {
  return { name: 'hub', mount: '/', adapter: 'huggingface', headers };
}

/** Keys that the rules object to. */
function breaches(change: Partial<RuledConfig>): readonly string[] {
  const config = { ...sound, ...change };
  return rules.flatMap((rule) => rule.check(config)).map(({ path }) => path.join('.'));
}

t.test('each rule rejects a value beyond its bound and accepts one at it', async (t) => {
  const { listen, admin, cache, fill, origins } = sound;
  const cases: readonly [Partial<RuledConfig>, readonly string[]][] = [
    [{}, []],
    [{ cache: { ...cache, capacity: 128 * MIB } }, []],
    [{ cache: { ...cache, capacity: 128 * MIB - 1 } }, ['cache.capacity']],
    [{ cache: { ...cache, serveThroughMemory: 8 * MIB } }, []],
    [{ cache: { ...cache, serveThroughMemory: 8 * MIB - 1 } }, ['cache.serveThroughMemory']],
    [{ listen: { ...listen, headersTimeout: 30 } }, []],
    [{ listen: { ...listen, headersTimeout: 31 } }, ['listen.headersTimeout']],
    [{ fill: { ...fill, requestTimeout: 13 } }, []],
    [{ fill: { ...fill, requestTimeout: 12 } }, ['fill.requestTimeout']],
    [{ fill: { ...fill, retryBase: 2 } }, []],
    [{ fill: { ...fill, retryBase: 3 } }, ['fill.retryBase']],
    [{ admin: { ...admin, address: listen.address } }, ['admin.address']],
    [{ admin: { enabled: false, address: listen.address } }, []],
    [
      {
        listen: { ...listen, address: { host: 'a', port: 0 } },
        admin: { ...admin, address: { host: 'a', port: 0 } },
      },
      [],
    ],
    [{ origins: [...origins, { name: 'c', mount: '/b', ...plain }] }, ['origins.2.mount']],
    [{ origins: [...origins, { name: 'b', mount: '/c', ...plain }] }, ['origins.2.name']],
    [{ origins: [hubWith({ authorization: 'x' })] }, ['origins.0.headers.authorization']],
    [{ origins: [hubWith({ cookie: 'x' })] }, ['origins.0.headers.cookie']],
    [{ origins: [hubWith({ 'x-of-ours': 'x' })] }, []],
  ];
  for (const [change, expected] of cases)
    t.same(breaches(change), expected, JSON.stringify(change));
});

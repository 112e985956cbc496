import t from 'tap';
import { readEnvironment, readFlags } from '#src/config/layers.js';

t.test('environment variables become values of their settings', async (t) => {
  const { overrides, problems } = readEnvironment({
    FOREBAY_FILL_MAX_ATTEMPTS: '12',
    FOREBAY_ADMIN_ENABLED: 'false',
    FOREBAY_CACHE_CAPACITY: '10GiB',
    FOREBAY_TRACING_SAMPLE_RATIO: '0.25',
    FOREBAY_ORIGIN: 'http://a',
    FOREBAY_LOG_LEVEL: '',
    FOREBAY_CONFIG: '/x',
    PATH: '/bin',
  });
  t.same(problems, []);
  t.same(
    overrides.map(({ entry, value, source }) => [entry.key, value, source]),
    [
      ['fill.maxAttempts', 12, { kind: 'env', name: 'FOREBAY_FILL_MAX_ATTEMPTS' }],
      ['admin.enabled', false, { kind: 'env', name: 'FOREBAY_ADMIN_ENABLED' }],
      ['cache.capacity', '10GiB', { kind: 'env', name: 'FOREBAY_CACHE_CAPACITY' }],
      ['tracing.sampleRatio', 0.25, { kind: 'env', name: 'FOREBAY_TRACING_SAMPLE_RATIO' }],
      ['origins[].url', 'http://a', { kind: 'env', name: 'FOREBAY_ORIGIN' }],
    ],
  );
});

t.test('an invalid text is passed on for the schema to refuse', async (t) => {
  const { overrides } = readEnvironment({
    FOREBAY_FILL_THREADS: '1e3',
    FOREBAY_LOG_ACCESS: 'yes',
    FOREBAY_LISTEN_MAX_CONNECTIONS: '9'.repeat(400),
  });
  t.same(
    overrides.map(({ value }) => value),
    ['1e3', 'yes', '9'.repeat(400)],
  );
});

t.test('an unknown variable is a problem and its value is not shown', async (t) => {
  const { problems } = readEnvironment({ FOREBAY_CACHE_CAPCITY: 'secret', FOREBAY_ZZZ: 'secret' });
  t.same(
    problems.map(({ source, nearest }) => [source, nearest]),
    [
      [{ kind: 'env', name: 'FOREBAY_CACHE_CAPCITY' }, 'FOREBAY_CACHE_CAPACITY'],
      [{ kind: 'env', name: 'FOREBAY_ZZZ' }, null],
    ],
  );
  t.notMatch(JSON.stringify(problems), /secret/);
});

t.test('variables that Kubernetes sets for a Service named forebay are ignored', async (t) => {
  const { overrides, problems } = readEnvironment({
    FOREBAY_SERVICE_HOST: '10.0.0.1',
    FOREBAY_SERVICE_PORT: '80',
    FOREBAY_SERVICE_PORT_HTTP: '80',
    FOREBAY_PORT: 'tcp://10.0.0.1:80',
    FOREBAY_PORT_80_TCP: 'tcp://10.0.0.1:80',
    FOREBAY_PORT_80_TCP_ADDR: '10.0.0.1',
    FOREBAY_ADMIN_SERVICE_HOST: '10.0.0.2',
    FOREBAY_ADMIN_PORT_81_TCP_PROTO: 'tcp',
  });
  t.same([overrides, problems], [[], []]);
});

t.test('flags become values of their settings with their source', async (t) => {
  const overrides = readFlags({ '--capacity': '1GiB', '--config': '/x', '--origin': 'http://a' });
  t.same(
    overrides.map(({ entry, value, source }) => [entry.key, value, source]),
    [
      ['cache.capacity', '1GiB', { kind: 'flag', flag: '--capacity' }],
      ['origins[].url', 'http://a', { kind: 'flag', flag: '--origin' }],
    ],
  );
});

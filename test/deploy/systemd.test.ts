/** The systemd unit and the configuration beside it. */
import t from 'tap';
import { parseDuration } from '#src/config/units.js';
import { EXIT_CONFIG, EXIT_USAGE } from '#src/cli/exit-codes.js';
import { configOf, unknownFlags } from '../fixtures/deployed.js';
import { readText } from '../fixtures/source-tree.js';

const unit = readText('deploy/systemd/forebay.service');
const config = configOf(readText('deploy/systemd/forebay.yaml'));

/** The values that an option is given, in order. */
function valuesOf(option: string): readonly string[] {
  return [...unit.matchAll(new RegExp(`^${option}=(.*)$`, 'gm'))].map(([, value = '']) => value);
}

t.test('the unit starts the program with flags that exist', async (t) => {
  const [program, command, ...args] = (valuesOf('ExecStart')[0] ?? '').split(' ');
  t.match(program, /\/bin\/forebay$/);
  t.equal(command, 'serve');
  t.same(unknownFlags(args), []);
  t.ok(args.includes(`/etc/${valuesOf('ConfigurationDirectory')[0] ?? ''}/forebay.yaml`));
});

t.test('the unit uses Type=notify, and systemd creates its directories', async (t) => {
  t.same(valuesOf('Type'), ['notify-reload']);
  t.same(valuesOf('DynamicUser'), ['yes']);
  t.equal(config.cache.directory, `/var/cache/${valuesOf('CacheDirectory')[0] ?? ''}`);
  t.same(valuesOf('CacheDirectoryMode'), ['0700']);
});

t.test("the unit's stop timeout covers the drain; wrong configuration stays down", async (t) => {
  const stopMs = parseDuration(valuesOf('TimeoutStopSec')[0] ?? '') ?? 0;
  t.ok(stopMs >= config.listen.drainTimeoutMs + 10_000, 'time to drain');
  t.same(valuesOf('RestartPreventExitStatus'), [`${String(EXIT_USAGE)} ${String(EXIT_CONFIG)}`]);
  t.ok(Number(valuesOf('LimitNOFILE')[0]) > 3 * config.listen.maxConnections);
});

t.test('the unit is confined as far as V8 allows', async (t) => {
  const options = ['NoNewPrivileges', 'PrivateDevices', 'PrivateTmp', 'PrivateUsers'];
  options.push('ProtectHome', 'RestrictNamespaces', 'LockPersonality');
  for (const option of options) t.same(valuesOf(option), ['yes'], option);
  t.same(valuesOf('ProtectSystem'), ['strict']);
  t.same(valuesOf('CapabilityBoundingSet'), ['']);
  t.same(valuesOf('SystemCallFilter'), ['@system-service', '~@privileged @resources']);
  t.same(valuesOf('MemoryDenyWriteExecute'), [], 'V8 could not run');
});

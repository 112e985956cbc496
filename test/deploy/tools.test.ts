/**
 * The tools that deploy/ is made for, where they are installed: deploy/README.md names the versions
 * that it was checked with. The other tests here need none of them.
 */
import t, { type Test } from 'tap';
import { parseAllDocuments } from 'yaml';
import { missing, runTool } from '../fixtures/program-client.js';
import type { Manifest } from '../fixtures/deployed.js';
import { ROOT } from '../fixtures/source-tree.js';

async function passes(t: Test, tool: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runTool(t, tool, args);
  t.equal(code, 0, `${tool} ${args.join(' ')}\n${stdout.toString()}${stderr}`);
  return stdout.toString();
}

t.test('helm renders the chart with each optional value', { skip: missing('helm') }, async (t) => {
  const chart = `${ROOT}deploy/helm/forebay`;
  const version = ['--kube-version', '1.33.0'];
  await passes(t, 'helm', 'lint', '--strict', ...version, chart);
  const render = async (...more: readonly string[]): Promise<readonly Manifest[]> => {
    const text = await passes(t, 'helm', 'template', 'demo', chart, ...version, ...more);
    return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
  };
  const kinds = (manifests: readonly Manifest[]) => manifests.map(({ kind }) => kind).sort();
  const least = ['ConfigMap', 'DaemonSet', 'Pod', 'Service', 'ServiceAccount'];
  t.same(kinds(await render()), least);
  const all = await render(
    '--set=networkPolicy.enabled=true,podMonitor.enabled=true,cache.type=hostPath',
  );
  t.same(kinds(all), [...least, 'NetworkPolicy', 'PodMonitor'].sort());
  const daemonset = all.find(({ kind }) => kind === 'DaemonSet');
  t.match(daemonset?.spec?.template?.spec.volumes[1], {
    hostPath: { path: '/var/lib/forebay', type: 'Directory' },
  });
  const refused = await runTool(t, 'helm', [
    ...['template', 'demo', chart, ...version],
    '--set=config.cache.capacty=1GiB',
  ]);
  t.not(refused.code, 0);
  t.match(refused.stderr, 'capacty');
});

t.test(
  'promtool accepts the rules, and they fire as expected',
  { skip: missing('promtool') },
  async (t) => {
    const rules = `${ROOT}deploy/prometheus/forebay.rules`;
    await passes(t, 'promtool', 'check', 'rules', `${rules}.yaml`);
    await passes(t, 'promtool', 'test', 'rules', `${rules}.test.yaml`);
  },
);

t.test('hadolint reports nothing for the Dockerfile', { skip: missing('hadolint') }, async (t) => {
  await passes(t, 'hadolint', `${ROOT}deploy/docker/Dockerfile`);
});

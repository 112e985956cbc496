import t from 'tap';
import { readSamples, sumOf } from '#src/cli/samples.js';
import { Metrics } from '#src/telemetry/metrics.js';

t.test('readSamples parses the metrics that the program writes', async (t) => {
  const metrics = new Metrics();
  metrics.describeProcess('1.2.3');
  const samples = readSamples(await metrics.text());
  t.match(
    samples.find(({ name }) => name === 'forebay_build_info'),
    { labels: { version: '1.2.3' }, value: 1 },
  );
});

t.test('sumOf adds the samples that have the given labels', async (t) => {
  const samples = readSamples('# HELP a\na{x="1",y="q\\"z"} 2\na{x="2"} 3\nb 4\nnonsense\n');
  t.equal(sumOf(samples, 'a'), 5);
  t.equal(sumOf(samples, 'a', { x: '2' }), 3);
  t.equal(sumOf(samples, 'b'), 4);
  t.equal(sumOf(samples, 'c'), 0);
});

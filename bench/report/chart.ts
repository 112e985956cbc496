/** A report as an SVG chart: a panel of bars for each scenario that people ask about. Pure. */
import { METRICS, type Metric } from './metrics.js';
import { medianOf, type Report, type ScenarioFacts } from './report.js';

/** What the chart of a whole run shows; a run without any of these shows what it has. */
const CHARTED = [
  'hit-whole-1',
  'hit-8MiB-8',
  'hit-1MiB-8',
  'hit-64KiB-8',
  'hit-4KiB-8',
  'cold-pages-8MiB-8',
  'cold-whole-1',
  'cold-storm-16',
  'cold-late-range',
  'warm-restart',
];

const WIDTH = 860;
const LABEL_WIDTH = 130;
const VALUE_WIDTH = 90;
const BAR_HEIGHT = 16;
const BAR_STEP = 21;
const TITLE_HEIGHT = 34;
const MARGIN = 20;

const OURS = 'forebay';
const OUR_COLOUR = '#0b6e99';
const PEER_COLOUR = '#b4bcc4';

interface Bar {
  readonly peer: string;
  readonly value: number;
}

interface Panel {
  readonly title: string;
  readonly metric: Metric;
  readonly bars: readonly Bar[];
}

export function chart(report: Report): string {
  const all = report.scenarios.flatMap((scenario) => panelOf(report, scenario));
  const chosen = all.filter(({ name }) => CHARTED.includes(name));
  const panels = (chosen.length > 0 ? chosen : all).map(({ panel }) => panel);
  const parts: string[] = [];
  let y = MARGIN;
  for (const panel of panels) {
    parts.push(drawPanel(panel, y));
    y += TITLE_HEIGHT + panel.bars.length * BAR_STEP + 12;
  }
  const height = String(y + MARGIN);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${String(WIDTH)}" height="${height}" viewBox="0 0 ${String(WIDTH)} ${height}" font-family="system-ui, sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#ffffff"/>
${parts.join('\n')}
</svg>
`;
}

function panelOf(
  report: Report,
  { name, title, shows: [metric] }: ScenarioFacts,
): readonly { readonly name: string; readonly panel: Panel }[] {
  if (metric === undefined) return [];
  const names = [
    ...new Set(report.trials.filter((trial) => trial.scenario === name).map(({ peer }) => peer)),
  ];
  const bars = names
    .flatMap((peer): Bar[] => {
      const value = medianOf(report, { scenario: name, peer, metric });
      return value === undefined ? [] : [{ peer, value }];
    })
    .sort((a, b) => (METRICS[metric].better === 'more' ? b.value - a.value : a.value - b.value));
  return bars.length === 0 ? [] : [{ name, panel: { title, metric, bars } }];
}

function drawPanel({ title, metric, bars }: Panel, top: number): string {
  const { better, format, label } = METRICS[metric];
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const room = WIDTH - 2 * MARGIN - LABEL_WIDTH - VALUE_WIDTH;
  const heading = `${title}: ${label}, ${better === 'more' ? 'more' : 'less'} is better`;
  const lines = [
    `<text x="${String(MARGIN)}" y="${String(top + 18)}" font-weight="600" fill="#20262c">${escape(heading)}</text>`,
  ];
  for (const [index, { peer, value }] of bars.entries()) {
    const y = top + TITLE_HEIGHT + index * BAR_STEP;
    const left = MARGIN + LABEL_WIDTH;
    const width = Math.max(1, (value / most) * room);
    const colour = peer === OURS ? OUR_COLOUR : PEER_COLOUR;
    const baseline = String(y + 12);
    lines.push(
      `<text x="${String(left - 8)}" y="${baseline}" text-anchor="end" fill="#20262c">${escape(peer)}</text>`,
      `<rect x="${String(left)}" y="${String(y)}" width="${width.toFixed(1)}" height="${String(BAR_HEIGHT)}" rx="2" fill="${colour}"/>`,
      `<text x="${(left + width + 6).toFixed(1)}" y="${baseline}" fill="#20262c">${escape(format(value))}</text>`,
    );
  }
  return lines.join('\n');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

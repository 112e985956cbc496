import t from 'tap';
import { canonicalRepository } from '#src/hub/repository.js';

t.test('all spellings of a repository name are equal', (t) => {
  const spellings = [
    'acme/gated',
    'Acme/Gated',
    'ACME/GATED',
    'acme/%67ated',
    '%41cme/gate%64',
    'acme%2Fgated',
    'acme%2fGated',
    'models/acme/gated',
    'Models/Acme/Gated',
  ];
  for (const name of spellings) t.equal(canonicalRepository(name), 'acme/gated', name);
  t.end();
});

t.test('other repository names are different', (t) => {
  t.equal(canonicalRepository('datasets/Acme/gated'), 'datasets/acme/gated');
  t.equal(canonicalRepository('models'), 'models', 'a name of its own');
  for (const name of ['acme/gated-2', 'acme/gated%20', 'acme/%gated', 'acme/ga%ff', 'acme']) {
    t.not(canonicalRepository(name), 'acme/gated', name);
  }
  t.end();
});

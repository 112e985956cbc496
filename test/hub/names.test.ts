/** What a URL in a hub's answer means at the endpoint that is configured. */
import t from 'tap';
import { targetAtHub } from '#src/hub/names.js';
import { hubNamed } from '../fixtures/hub-named.js';

const HUB = 'https://hub.example';
const FROM = `${HUB}/api/models/old`;

t.test('a reference is resolved to a path at the hub, or to another host', (t) => {
  const hub = hubNamed(HUB);
  t.equal(targetAtHub('/api/models/new', FROM, hub, 'own'), '/api/models/new');
  t.equal(targetAtHub('new?x=1', FROM, hub, 'own'), '/api/models/new?x=1');
  t.equal(targetAtHub(`${HUB}/x`, FROM, hub, 'own'), '/x');
  t.equal(targetAtHub('https://www.huggingface.co/x?y', FROM, hub, 'own'), '/x?y');
  for (const elsewhere of [
    '//evil.example/x',
    'https://hub.example.evil/',
    'https://hub.example:8443/',
    'https://cdn.hf.co/x',
    'http://[',
    'data:,',
  ]) {
    t.equal(targetAtHub(elsewhere, FROM, hub, 'own'), undefined, elsewhere);
  }
  t.end();
});

t.test("redirects to the hub's hosts become paths", (t) => {
  const hub = hubNamed(HUB, ['mirror.example']);
  t.equal(targetAtHub('http://mirror.example/x', FROM, hub, 'allowed'), '/x');
  t.equal(targetAtHub('http://mirror.example/x', FROM, hub, 'own'), undefined);
  t.end();
});

t.test('an endpoint below a path keeps that path', (t) => {
  const hub = hubNamed(`${HUB}/api/huggingfaceml/hf`);
  const from = hub.uriOf('/api/models/a');
  t.equal(targetAtHub(`${hub.uriOf('/x')}?y`, from, hub, 'own'), '/x?y');
  t.equal(targetAtHub('/api/huggingfaceml/hf/x', from, hub, 'own'), '/x');
  t.equal(targetAtHub('https://huggingface.co/api/models/b', from, hub, 'own'), '/api/models/b');
  t.end();
});

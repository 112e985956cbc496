import t from 'tap';
import { hubTarget } from '#src/hub/target.js';

t.test('a hub path has one canonical spelling', async (t) => {
  for (const [target, one] of [
    ['//api/models/acme/model', '/api/models/acme/model'],
    ['/api/models/acme/model/', '/api/models/acme/model'],
    ['/api/models/acme/model/?x=/', '/api/models/acme/model?x=/'],
    ['//acme//model/resolve/main/d//f/', '/acme/model/resolve/main/d/f'],
    ['/%61cme/model/resolve/refs%2fpr%2F1/f', '/acme/model/resolve/refs%2Fpr%2F1/f'],
    ['/acme/model/resolve/main/a%252Fb', '/acme/model/resolve/main/a%252Fb'],
    ['/docs//hub/', '/docs/hub/'],
    ['/', '/'],
  ] as const) {
    t.equal(hubTarget(target), one, target);
  }
});

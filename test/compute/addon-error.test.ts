import t from 'tap';
import { AddonError } from '#src/compute/addon-error.js';

t.test('AddonError: the message has path, reason and the command to run', async (t) => {
  const cause = new Error("Cannot find module '/a/forebay.node'\nRequire stack:\n- /a/native.js");
  const error = new AddonError('/a/forebay.node', cause);
  t.match(error.message, /^cannot load the native addon \/a\/forebay\.node: Cannot find module/);
  t.notMatch(error.message, 'Require stack');
  t.match(error.message, '`npm run build` in a checkout');
  t.match(error.message, '`npm rebuild forebay --ignore-scripts=false`');
  t.equal(error.cause, cause);
});

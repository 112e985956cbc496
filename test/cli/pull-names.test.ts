import t from 'tap';
import { itemName, itemsWord, modelName } from '#src/cli/pull-names.js';

const model = { id: 'acme/tiny', revision: 'main', commit: 'ab'.repeat(20) };
const BELOW = `/acme/tiny/resolve/${model.commit}/`;

t.test('files of a model have their names inside the model', async (t) => {
  t.equal(itemName({ model }, `${BELOW}a%20b/c.bin`), 'a b/c.bin');
  t.equal(itemName({ model }, '/other/a.bin'), '/other/a.bin');
  t.equal(itemName({ model: null }, `${BELOW}a`), `${BELOW}a`);
  t.equal(itemsWord({ model }), 'files');
  t.equal(itemsWord({ model: null }), 'URLs');
  t.equal(modelName(model), 'acme/tiny@main (commit abababababab)');
});

t.test('control characters in a name do not move the cursor', async (t) => {
  t.equal(itemName({ model }, `${BELOW}a%1b%5b2J`), 'a%1b%5b2J');
  t.equal(itemName({ model }, `${BELOW}a%e2%80%ae`), 'a%e2%80%ae');
  t.equal(itemName({ model }, `${BELOW}a%ff`), 'a%ff');
});

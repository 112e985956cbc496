/** Which requests are git's, and as whom they are sent; test/interop/git has git itself. */
import t from 'tap';
import { gitFields, gitRouteOf } from '#src/hub/git.js';
import { toHeaderMap } from '#src/model/headers.js';

t.test('git requests are told apart as fetch or push by method, path and service', (t) => {
  const read = { repository: 'acme/m', isRead: true };
  const push = { repository: 'acme/m', isRead: false };
  const cases: readonly [method: string, target: string, route: unknown][] = [
    ['GET', '/acme/m/info/refs?service=git-upload-pack', read],
    ['HEAD', '/acme/m.git/info/refs?service=git-upload-pack', read],
    ['POST', '/acme/m.git/git-upload-pack', read],
    ['POST', '/gpt2/git-upload-pack', { repository: 'gpt2', isRead: true }],
    ['POST', '/datasets/a/d.git/git-upload-pack', { repository: 'datasets/a/d', isRead: true }],
    ['GET', '/acme/m/info/refs?service=git-receive-pack', push],
    ['GET', '/acme/m/info/refs?service=git%2Dreceive%2Dpack', push],
    ['GET', '/acme/m/info/refs?service=git-upload-pack&service=git-receive-pack', push],
    ['POST', '/acme/m/git-receive-pack', push],
    ['GET', '/acme/m/info/refs', undefined],
    ['GET', '/acme/m/info/refs?service=git-other', undefined],
    ['POST', '/acme/m/git-upload-archive', undefined],
    ['POST', '/acme/m.git/info/lfs/objects/batch', undefined],
    ['POST', '/api/models/git-upload-pack', undefined],
    ['POST', '/git-upload-pack', undefined],
    ['POST', '/acme//git-upload-pack', undefined],
    ['POST', '/a/b/c/d/git-upload-pack', undefined],
  ];
  for (const [method, target, route] of cases) t.same(gitRouteOf(method, target), route, target);
  t.end();
});

t.test('the fields of git are forwarded, and no other field of the client', (t) => {
  const request = toHeaderMap({
    accept: 'application/x-git-upload-pack-result',
    'accept-encoding': 'gzip',
    'content-encoding': 'gzip',
    'content-type': 'application/x-git-upload-pack-request',
    'git-protocol': 'version=2',
    cookie: 'a=b',
  });
  const nobody = { key: '', headers: toHeaderMap({ 'user-agent': 'git/2' }) };
  t.same(
    { ...gitFields(nobody, request) },
    {
      accept: 'application/x-git-upload-pack-result',
      'accept-encoding': 'identity',
      'content-encoding': 'gzip',
      'content-type': 'application/x-git-upload-pack-request',
      'git-protocol': 'version=2',
      'user-agent': 'git/2',
    },
  );
  t.end();
});

t.test("an operator's token is sent as a password, a client's credential unchanged", (t) => {
  const who = { key: 'k', headers: toHeaderMap({ authorization: 'Bearer hf_a' }) };
  const basic = `Basic ${Buffer.from('user:hf_a').toString('base64')}`;
  t.equal(gitFields(who, toHeaderMap({}))['authorization'], basic);
  const own = toHeaderMap({ authorization: 'Bearer hf_a' });
  t.equal(gitFields(who, own)['authorization'], 'Bearer hf_a');
  t.end();
});

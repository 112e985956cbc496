import t from 'tap';
import { allowedMethods } from '#src/http/request/allow.js';

const ALL = 'GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE';
const MOUNTS = [
  { name: 'read', mount: '/read' },
  { name: 'write', mount: '/write', passMethods: true },
];

t.test('a path allows the methods of its mount and of no other', (t) => {
  t.equal(allowedMethods('/read/a', MOUNTS), 'GET, HEAD');
  t.equal(allowedMethods('/write/a?b', MOUNTS), ALL);
  t.equal(allowedMethods('/elsewhere', MOUNTS), 'GET, HEAD');
  t.equal(allowedMethods('/write/../read', MOUNTS), 'GET, HEAD', 'nor what is ambiguous');
  t.end();
});

t.test('a target that is no path allows the methods of every mount', (t) => {
  for (const target of ['*', 'example.org:443', '']) {
    t.equal(allowedMethods(target, MOUNTS), ALL);
    t.equal(allowedMethods(target, MOUNTS.slice(0, 1)), 'GET, HEAD');
  }
  t.end();
});

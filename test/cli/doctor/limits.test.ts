import t from 'tap';
import { checkLimits, readSystemFile } from '#src/cli/doctor/limits.js';
import { doctored } from '../../fixtures/doctored-config.js';

/** Needs 2 x 10000 + 32 lanes + 32 connections + 1024. */
const { config } = doctored();

function check(files: Readonly<Record<string, string>>) {
  return checkLimits(config, (path) => files[path] ?? null);
}

function limits(soft: string): Record<string, string> {
  return {
    '/proc/self/limits': `Max cpu time   unlimited   unlimited   seconds\nMax open files            ${soft}               1048576              files\n`,
  };
}

t.test('the descriptors check warns when the limit is below the required number', async (t) => {
  t.match(check(limits('21088')), [{ check: 'descriptors', status: 'ok', advice: null }]);
  t.match(check(limits('unlimited')), [{ status: 'ok' }]);
  t.match(check(limits('21087')), [{ status: 'warn', advice: /LimitNOFILE .* to 21088/ }]);
});

t.test('the backlog check warns when somaxconn is too small', async (t) => {
  const somaxconn = (text: string) => check({ '/proc/sys/net/core/somaxconn': text });
  t.match(somaxconn('4096\n'), [{ check: 'backlog', status: 'ok' }]);
  t.match(somaxconn('128\n'), [{ status: 'warn', advice: 'sysctl -w net.core.somaxconn=4096' }]);
});

t.test('a system without these files is not judged', async (t) => {
  t.same(check({}), []);
  t.equal(readSystemFile('/proc/nothing/here'), null);
});

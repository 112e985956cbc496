import t from 'tap';
import { serviceManager } from '#src/cli/service-manager.js';

function start(socket: string | undefined, fail = false) {
  const sent: [string, string][] = [];
  const failures: unknown[] = [];
  const manager = serviceManager({
    env: { NOTIFY_SOCKET: socket },
    notify: (to, text) => {
      if (fail) throw new Error('gone');
      sent.push([to, text]);
    },
    monotonicMicros: () => 1234n,
    onFailure: (error) => failures.push(error),
  });
  return { manager, sent, failures };
}

t.test('systemd is notified of start, reload and stop (Type=notify-reload)', async (t) => {
  const { manager, sent } = start('/run/notify');
  manager.ready('Serving on\nhttp://a');
  manager.reloading();
  manager.ready('again');
  manager.stopping('Draining');
  t.same(sent, [
    ['/run/notify', 'READY=1\nSTATUS=Serving on http://a\n'],
    ['/run/notify', 'RELOADING=1\nMONOTONIC_USEC=1234\n'],
    ['/run/notify', 'READY=1\nSTATUS=again\n'],
    ['/run/notify', 'STOPPING=1\nSTATUS=Draining\n'],
  ]);
});

t.test('a missing notify socket is ignored, a failing one is reported once', async (t) => {
  const nobody = start(undefined, true);
  nobody.manager.ready('x');
  t.same(nobody.failures, []);
  const deaf = start('@gone', true);
  deaf.manager.ready('x');
  deaf.manager.stopping('x');
  t.match(deaf.failures, [{ message: 'gone' }]);
});

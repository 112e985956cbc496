import type { LookupAddress } from 'node:dns';
import fc from 'fast-check';
import t from 'tap';
import {
  checkLiteralAddress,
  guardedLookup,
  isPublicAddress,
  type Resolve,
} from '#src/origin/address.js';

const PRIVATE = [
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '100.100.100.200',
  '127.0.0.1',
  '127.255.255.254',
  '168.63.129.16',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.192',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::7f00:1', // IPv4-compatible loopback
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:169.254.169.254',
  '0:0:0:0:0:FFFF:10.0.0.1',
  '64:ff9b::10.0.0.1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::808:808', // local-use NAT64
  '100::1', // discard
  '2001::1', // Teredo
  '2001:db8::1',
  '2002:7f00:1::', // 6to4 of loopback
  '3fff::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%eth0',
  '2606:4700::1%eth0',
  'fec0::1',
  'ff02::1',
];

const PUBLIC = [
  '1.1.1.1',
  '8.8.8.8',
  '100.63.255.255',
  '100.128.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.255.255',
  '223.255.255.255',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
  '2001:4860:4860::8888',
  '2606:4700:4700::1111',
];

void t.test('isPublicAddress is false for private, special and invalid addresses', (t) => {
  for (const address of PRIVATE) t.equal(isPublicAddress(address), false, address);
  for (const address of PUBLIC) t.equal(isPublicAddress(address), true, address);
  for (const text of ['', 'localhost', '127.1', '0x7f000001', '1.2.3.4.5', '[::1]', '8.8.8.8 ']) {
    t.equal(isPublicAddress(text), false, `${text} is no address`);
  }
  t.end();
});

void t.test('an IPv6 form of an IPv4 address is judged as that address', (t) => {
  fc.assert(
    fc.property(fc.ipV4(), (v4) => {
      t.equal(isPublicAddress(`::ffff:${v4}`), isPublicAddress(v4));
      t.equal(isPublicAddress(`64:ff9b::${v4}`), isPublicAddress(v4));
      t.equal(isPublicAddress(`::${v4}`), false);
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.ipV6(), fc.string()), (text) => {
      isPublicAddress(text);
    }),
  );
  t.end();
});

void t.test('literal hosts are judged in every spelling that a URL allows', (t) => {
  for (const host of ['127.0.0.1', '[::1]', '2130706433', '0x7f.1', '127.1', '[::ffff:7f00:1]']) {
    const { hostname } = new URL(`http://${host}/`);
    t.throws(
      () => {
        checkLiteralAddress(hostname, 'public');
      },
      { code: 'origin-address-refused', retryable: false },
      host,
    );
    t.doesNotThrow(() => {
      checkLiteralAddress(hostname, 'any');
    });
  }
  for (const host of ['8.8.8.8', '[2606:4700:4700::1111]', 'example.com']) {
    t.doesNotThrow(() => {
      checkLiteralAddress(host, 'public');
    });
  }
  t.end();
});

/** A resolver that knows one answer. */
function answering(...addresses: string[]): Resolve {
  return (_hostname, options, callback) => {
    t.equal(options.all, true);
    const found: LookupAddress[] = addresses.map((address) => ({
      address,
      family: address.includes(':') ? 6 : 4,
    }));
    callback(null, found);
  };
}

type Found = { readonly error: Error } | { readonly found: unknown; readonly family: unknown };

function look(resolve: Resolve, policy: 'any' | 'public', all: boolean): Promise<Found> {
  return new Promise((settle) => {
    guardedLookup(policy, resolve)('h.example', { all }, (error, found, family) => {
      settle(error === null ? { found, family } : { error });
    });
  });
}

void t.test('guardedLookup removes private addresses from its answer', async (t) => {
  const mixed = answering('10.0.0.1', '8.8.8.8', '::1', '2606:4700:4700::1111');
  t.strictSame(await look(mixed, 'public', true), {
    found: [
      { address: '8.8.8.8', family: 4 },
      { address: '2606:4700:4700::1111', family: 6 },
    ],
    family: undefined,
  });
  t.strictSame(await look(mixed, 'public', false), { found: '8.8.8.8', family: 4 });
  t.strictSame(await look(mixed, 'any', false), { found: '10.0.0.1', family: 4 });
});

void t.test('guardedLookup rejects when no public address is left', async (t) => {
  for (const all of [true, false]) {
    t.match(await look(answering('192.168.0.1', 'fe80::1'), 'public', all), {
      error: { code: 'origin-address-refused', source: 'origin' },
    });
    t.match(await look(answering(), 'public', all), { error: { code: 'origin-address-refused' } });
  }
});

void t.test('guardedLookup passes on failures of the lookup', async (t) => {
  const failing: Resolve = (_hostname, _options, callback) => {
    callback(Object.assign(new Error('no such host'), { code: 'ENOTFOUND' }), []);
  };
  t.match(await look(failing, 'public', true), { error: { code: 'ENOTFOUND' } });
});

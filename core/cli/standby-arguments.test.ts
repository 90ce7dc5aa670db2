import { expect, test } from 'vitest';
import { parseArguments } from './arguments.ts';

test.each([
  [['standby'], { command: 'standby', json: false, details: { names: [] } }],
  [
    ['standby', '--for', '30m', '--force', '--rate', '2.5', 'eth0', 'eth1/7'],
    {
      command: 'standby',
      json: false,
      details: { names: ['eth0', 'eth1/7'], for: 1800, force: true, rate: 2.5 },
    },
  ],
  [['standby', '--for', '90'], { command: 'standby', json: false, details: { names: [], for: 90 } }],
  [['standby', '--for=1d2h3m4s'], { command: 'standby', json: false, details: { names: [], for: 93_784 } }],
  [
    ['-c', 'x.conf', 'resume', 'eth0', '--json'],
    { command: 'resume', json: true, conf: 'x.conf', details: { names: ['eth0'] } },
  ],
  [
    ['failover', 'all', '--rate', '1'],
    { command: 'failover', json: false, details: { names: ['all'], rate: 1 } },
  ],
])('%j', (args, command) => {
  expect(parseArguments(args)).toEqual(command);
});

const FOR = 'must be a time such as 90s, 30m, 2h or 1h30m, of a year at most';

test.each([
  [['standby', '--for', 'soon'], `--for soon: ${FOR}`],
  [['standby', '--for', ''], `--for : ${FOR}`],
  [['standby', '--for', '0'], `--for 0: ${FOR}`],
  [['standby', '--for', '366d'], `--for 366d: ${FOR}`],
  [['standby', '--for', '5m1h'], `--for 5m1h: ${FOR}`],
  [['standby', '--rate', '0'], '--rate 0: must be a number a second, 0.1 to 1000'],
  [['standby', '--rate', '1e2'], '--rate 1e2: must be a number a second, 0.1 to 1000'],
  [['standby', ''], 'a NAME must not be empty'],
  [['standby', '--check'], '--check is not for rvrrpd standby'],
  [['resume', '--force'], '--force is not for rvrrpd resume'],
  [['failover', '--for', '5s', 'eth0'], '--for is not for rvrrpd failover'],
  [['failover'], 'rvrrpd failover needs a NAME: an interface, a virtual router such as eth0/7, or all'],
  [['status', '--force'], '--force is not for rvrrpd status'],
  [['--force'], '--force is for rvrrpd standby'],
])('%j is refused', (args, message) => {
  expect(parseArguments(args)).toEqual({ command: 'usage-error', message: `${message}; see rvrrpd --help` });
});

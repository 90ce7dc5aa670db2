import { expect, test } from 'vitest';
import { descriptorFault } from './descriptors.ts';

const limits = (most: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units     \n` +
  `Max processes             63408                63408                processes \n` +
  `Max open files            ${most.padEnd(20)} ${most.padEnd(20)} files     \n`;

test.each(['256', '1024', '1048576', 'unlimited'])('%s open files are enough', (most) => {
  expect(descriptorFault(limits(most))).toBeUndefined();
});

test.each(['20', '64', '255'])('%s open files are not, and the complaint says what to do', (most) => {
  expect(descriptorFault(limits(most))).toBe(
    `this process may have ${most} open files, at least 256 are needed: raise the limit ` +
      '(ulimit -n, or LimitNOFILE= of the service)',
  );
});

test('what cannot be told is no fault', () => {
  expect(descriptorFault('')).toBeUndefined();
  expect(descriptorFault()).toBeUndefined();
});

import { describe, expect, test } from 'vitest';
import { editData } from '../edit.ts';
import { add, refusal, router } from './test-edit.ts';

const six = { ...router(1), vip: '2001:db8::1' };
const four = { ...router(1), vip: '10.0.0.1' };

describe('one group on one interface, for two address families', () => {
  test('is two virtual routers', () => {
    expect(editData({ vrouter: [four] }, [add(six)])).toEqual({ vrouter: [four, six] });
    expect(refusal(() => editData({ vrouter: [four, six] }, [add(six)])).reason).toBe('exists');
  });

  test('a name with a family means one of them', () => {
    const named = { ...router(1), family: 6 as const };
    const change = { op: 'change-router', router: named, patch: { priority: 5 } } as const;
    expect(editData({ vrouter: [four, six] }, [change])).toEqual({
      vrouter: [four, { ...six, priority: 5 }],
    });
    const data = editData({ vrouter: [four, six] }, [{ op: 'remove-router', router: named }]);
    expect(data).toEqual({ vrouter: [four] });
    const missing = refusal(() => editData({ vrouter: [four] }, [{ op: 'remove-router', router: named }]));
    expect(missing).toMatchObject({
      reason: 'missing',
      message: expect.stringContaining('(IPv6)') as string,
    });
  });

  test('a name without one is refused where it could mean either', () => {
    const error = refusal(() =>
      editData({ vrouter: [four, six] }, [{ op: 'remove-router', router: router(1) }]),
    );
    expect(error).toMatchObject({
      reason: 'invalid',
      message: expect.stringContaining('must say which') as string,
    });
  });
});

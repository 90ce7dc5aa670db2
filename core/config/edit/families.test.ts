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

describe('a table of both families', () => {
  const both = { ...router(1), version: 3, vip: ['10.0.0.1', 'fe80::1/64'] };
  const change = (name: object, patch: Record<string, unknown>) =>
    ({ op: 'change-router', router: { ...router(1), ...name }, patch }) as const;
  const remove = (name: object) => ({ op: 'remove-router', router: { ...router(1), ...name } }) as const;

  test.each([{}, { family: 4 }, { family: 6 }])(
    'is one: what is changed of it, or removed, is so for both: %j',
    (name) => {
      expect(editData({ vrouter: [both] }, [change(name, { priority: 5 })])).toEqual({
        vrouter: [{ ...both, priority: 5 }],
      });
      expect(editData({ vrouter: [both] }, [remove(name)])).toEqual({});
    },
  );

  test('excludes another table of either', () => {
    for (const vip of ['10.0.0.2', 'fe80::2']) {
      const more = { ...router(1), version: 3, vip };
      expect(refusal(() => editData({ vrouter: [both] }, [add(more)])).reason).toBe('exists');
      expect(refusal(() => editData({ vrouter: [more] }, [add(both)])).reason).toBe('exists');
    }
    expect(editData({ vrouter: [both] }, [add(four)])).toEqual({ vrouter: [both, four] });
  });
});

describe('both versions of a group', () => {
  const three = { ...four, version: 3 };

  test('a name must say which', () => {
    const change = (name: object) =>
      ({ op: 'change-router', router: { ...router(1), ...name }, patch: { priority: 5 } }) as const;
    const data = { vrouter: [four, three] };
    expect(editData(data, [change({ version: 2 })])).toEqual({ vrouter: [{ ...four, priority: 5 }, three] });
    expect(editData(data, [change({ version: 3 })])).toEqual({ vrouter: [four, { ...three, priority: 5 }] });
    expect(refusal(() => editData(data, [change({})])).message).toBe(
      'there is a virtual router with group 1 on eth0 for VRRPv2 and for VRRPv3, a [[vrouter]] each: "version" must say which',
    );
    const both = { ...three, vip: ['10.0.0.1', 'fe80::1'] };
    expect(refusal(() => editData({ vrouter: [four, both] }, [change({})])).message).toContain(
      '"version" must',
    );
    expect(refusal(() => editData({ vrouter: [four] }, [change({ version: 3 })])).reason).toBe('missing');
  });

  test('another version is another router, unless there is one', () => {
    const change = { op: 'change-router', router: router(1), patch: { version: 3 } } as const;
    expect(editData({ vrouter: [four] }, [change])).toEqual({ vrouter: [three] });
    const named = { ...change, router: { ...router(1), version: 2 as const } };
    expect(refusal(() => editData({ vrouter: [four, three] }, [named])).reason).toBe('exists');
  });
});

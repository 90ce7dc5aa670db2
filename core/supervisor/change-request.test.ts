import { expect, test } from 'vitest';
import { changeRequestFault } from './change-request.ts';

const router = { interface: 'lan', group: 7 };
const circular: Record<string, unknown> = {};
circular.self = circular;

test.each([
  [{ changes: [] }],
  [{ changes: [], failOver: [router], onlyIf: 'x', temporary: true, dryRun: false, by: 'admin' }],
  [{ changes: [{ op: 'set', path: ['debug'], value: 1 }] }],
  [{ changes: [{ op: 'set', path: ['debug'] }] }],
  [{ changes: [{ op: 'set', path: ['debug'], value: undefined }], by: undefined, failOver: undefined }],
  [{ changes: [{ op: 'add-router', table: { group: 7, vip: ['10.0.0.1'] } }] }],
  [{ changes: [{ op: 'change-router', router, patch: { priority: null } }] }],
  [
    {
      changes: [],
      failOver: [
        { ...router, family: 6 },
        { ...router, version: 3 },
      ],
    },
  ],
  [{ changes: [{ op: 'remove-router', router: { ...router, state: 'Master' } }] }],
  [{ changes: [{ op: 'add-entry', list: 'track', table: { name: 'x' } }] }],
  [{ changes: [{ op: 'change-entry', list: 'sync', name: 'x', patch: { track: null } }] }],
  [{ changes: [{ op: 'remove-entry', list: 'sync', name: '' }] }],
])('right: %j', (request) => {
  expect(changeRequestFault(request)).toBeUndefined();
});

test.each([
  [undefined, 'the request must be an object'],
  [[], 'the request must be an object'],
  [{}, '"changes" must be an array'],
  [{ changes: 'all' }, '"changes" must be an array'],
  [{ changes: [null] }, 'changes[0] must be an object'],
  [{ changes: [{ op: 'format-disk' }] }, 'changes[0].op must be one of set, add-router'],
  [{ changes: [{ op: 'set' }] }, 'changes[0].path must be an array'],
  [{ changes: [{ op: 'set', path: [] }] }, 'changes[0].path must be an array'],
  [{ changes: [{ op: 'set', path: ['a', 1] }] }, 'changes[0].path must be an array'],
  [{ changes: [{ op: 'set', path: ['a'], value: new Date() }] }, 'changes[0].value must hold nothing but'],
  [{ changes: [{ op: 'set', path: ['a'], value: 1n }] }, 'changes[0].value must hold nothing but'],
  [{ changes: [{ op: 'set', path: ['a'], value: Number.NaN }] }, 'changes[0].value must hold nothing but'],
  [{ changes: [{ op: 'set', path: ['a'], value: circular }] }, 'changes[0].value must hold nothing but'],
  [{ changes: [{ op: 'add-router', table: [] }] }, 'changes[0].table must be an object'],
  [{ changes: [{ op: 'change-router', router: 7, patch: {} }] }, 'changes[0].router must name'],
  [{ changes: [{ op: 'change-router', router, patch: 'x' }] }, 'changes[0].patch must be an object'],
  [{ changes: [{ op: 'remove-router' }] }, 'changes[0].router must name'],
  [
    { changes: [{ op: 'add-entry', list: 'vrouter', table: {} }] },
    'changes[0].list must be one of track, sync',
  ],
  [{ changes: [{ op: 'add-entry', list: 'track', table: [] }] }, 'changes[0].table must be an object'],
  [{ changes: [{ op: 'change-entry', list: 'track', patch: {} }] }, 'changes[0].name must be a string'],
  [{ changes: [{ op: 'change-entry', list: 'sync', name: 'x' }] }, 'changes[0].patch must be an object'],
  [{ changes: [{ op: 'remove-entry', list: 'sync', name: 7 }] }, 'changes[0].name must be a string'],
  [{ changes: [], failOver: 'lan' }, '"failOver" must be an array'],
  [{ changes: [], failOver: [router, { interface: 'lan', group: '7' }] }, 'failOver[1] must name'],
  [{ changes: [], failOver: [{ ...router, family: 5 }] }, 'failOver[0] must name'],
  [{ changes: [], failOver: [{ ...router, version: 4 }] }, 'failOver[0] must name'],
  [{ changes: [], onlyIf: 1 }, '"onlyIf" must be a string'],
  [{ changes: [], temporary: 'yes' }, '"temporary" must be true or false'],
  [{ changes: [], dryRun: 1 }, '"dryRun" must be true or false'],
  [{ changes: [], by: {} }, '"by" must be a string'],
  [{ changes: [], by: 'x'.repeat(257) }, '"by" must be a string'],
])('wrong: case %#', (request, fault) => {
  expect(changeRequestFault(request)).toContain(fault);
});

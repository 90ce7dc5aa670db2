import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Deadlines } from './deadlines.ts';

test('the first deadline is always the least, whatever was set, moved and taken away', () => {
  const step = fc.tuple(fc.integer({ min: 0, max: 19 }), fc.integer({ min: 0, max: 1000 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const heap = new Deadlines(20);
      const model = new Map<number, number>();
      for (const [timer, deadline] of steps) {
        heap.set(timer, deadline);
        if (deadline === 0) model.delete(timer);
        else model.set(timer, deadline);
        const first = heap.first();
        if (model.size === 0) expect(first).toBe(-1);
        else expect(model.get(first)).toBe(Math.min(...model.values()));
        for (let t = 0; t < 20; t++) expect(heap.at(t)).toBe(model.get(t) ?? 0);
      }
    }),
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { aligned, distributed } from './arrange';
import { autoLayout, type Box, type Edge } from './auto-layout';
import { layOut } from './framed-layout';
import { holds, overlaps, type Rect } from './rect';

const box = (id: string, index: number, size: [number, number] = [200, 100]): Box => ({ id, size, at: [index * 7, index * 3] });

const graph = fc.integer({ min: 1, max: 40 }).chain((count) =>
  fc.record({
    boxes: fc.array(fc.tuple(fc.integer({ min: 40, max: 400 }), fc.integer({ min: 30, max: 500 })), { minLength: count, maxLength: count }),
    links: fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 80 }),
  }),
);

type Drawn = { boxes: [number, number][]; links: [number, number][] };
const boxesOf = ({ boxes }: Drawn): Box[] => boxes.map((size, index) => box(String(index), index, size));
/** Without circles: links lead from lower to higher numbers. */
const linksOf = ({ links }: Drawn): Edge[] =>
  links.filter(([a, b]) => a !== b).map(([a, b]) => [String(Math.min(a, b)), String(Math.max(a, b))]);

const rects = (boxes: readonly Box[], edges: readonly Edge[]): Map<string, Rect> => {
  const places = autoLayout(boxes, edges);
  return new Map(
    boxes.map(({ id, size }): [string, Rect] => {
      const [x, y] = places.get(id) ?? [NaN, NaN];
      return [id, { x, y, width: size[0], height: size[1] }];
    }),
  );
};

describe('an automatic layout', () => {
  it('puts no node over another', () => {
    fc.assert(
      fc.property(graph, (drawn) => {
        const placed = [...rects(boxesOf(drawn), linksOf(drawn)).values()];
        for (const [index, a] of placed.entries()) for (const b of placed.slice(index + 1)) expect(overlaps(a, b)).toBe(false);
      }),
    );
  });

  it('leads every link forward', () => {
    fc.assert(
      fc.property(graph, (drawn) => {
        const edges = linksOf(drawn);
        const placed = rects(boxesOf(drawn), edges);
        for (const [from, to] of edges) {
          const [a, b] = [placed.get(from), placed.get(to)];
          expect(b && a && b.x >= a.x + a.width).toBe(true);
        }
      }),
    );
  });

  it('is the same whatever order the nodes come in', () => {
    fc.assert(
      fc.property(graph, (drawn) => {
        const [boxes, edges] = [boxesOf(drawn), linksOf(drawn)];
        const again = autoLayout([...boxes].reverse(), edges);
        expect(new Map([...again].sort())).toEqual(new Map([...autoLayout(boxes, edges)].sort()));
      }),
    );
  });

  it('takes a circle, which a broken file may hold', () => {
    const placed = autoLayout([box('a', 0), box('b', 1)], [['a', 'b'], ['b', 'a']]);
    expect([...placed.keys()].sort()).toEqual(['a', 'b']);
  });

  it('takes a chain longer than any stack', () => {
    const boxes = Array.from({ length: 20_000 }, (_, index) => box(String(index), index));
    const edges = boxes.slice(1).map((_, index): Edge => [String(index), String(index + 1)]);
    expect(autoLayout(boxes, edges).size).toBe(20_000);
  });
});

describe('boxes', () => {
  const three = new Map<string, Rect>([
    ['a', { x: 0, y: 0, width: 100, height: 10 }],
    ['b', { x: 50, y: 40, width: 60, height: 20 }],
    ['c', { x: 300, y: 100, width: 100, height: 30 }],
  ]);

  it('are aligned by an edge', () => {
    expect([...aligned(three, 'left').values()]).toEqual([[0, 0], [0, 40], [0, 100]]);
    expect([...aligned(three, 'bottom').values()]).toEqual([[0, 120], [50, 110], [300, 100]]);
  });

  it('are spread evenly between the first and the last', () => {
    expect([...distributed(three, 'across').values()]).toEqual([[0, 0], [170, 40], [300, 100]]);
  });
});

describe('a layout with frames', () => {
  it('keeps what a frame holds in it, and lets nothing else in', () => {
    const placed = layOut({
      boxes: [
        { id: 'in', size: [100, 50], at: [40, 40] },
        { id: 'in2', size: [100, 50], at: [40, 120] },
        { id: 'out', size: [100, 50], at: [900, 40] },
      ],
      edges: [['in', 'in2'], ['in2', 'out']],
      frames: [{ id: 'f', rect: { x: 0, y: 0, width: 300, height: 300 } }, { id: 'empty', rect: { x: 0, y: 900, width: 80, height: 60 } }],
    });
    const frame = placed.frames.get('f');
    const rect: Rect = { x: frame?.at[0] ?? 0, y: frame?.at[1] ?? 0, width: frame?.size[0] ?? 0, height: frame?.size[1] ?? 0 };
    const within = (id: string): boolean => {
      const [x, y] = placed.nodes.get(id) ?? [0, 0];
      return holds(rect, { x, y, width: 100, height: 50 });
    };
    expect([within('in'), within('in2')]).toEqual([true, true]);
    expect(overlaps(rect, { x: placed.nodes.get('out')?.[0] ?? 0, y: placed.nodes.get('out')?.[1] ?? 0, width: 100, height: 50 })).toBe(false);
    expect(placed.frames.get('empty')?.size).toEqual([80, 60]);
  });
});

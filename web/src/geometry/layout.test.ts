import { describe, expect, it } from 'vitest';

import { slotsOf } from '../document/inputs';
import { the, TOYS } from '../document/testing/toys';
import type { NodeData } from '../document/types';
import { HEADER, layoutNode, ROW, type LayoutInput, type NodeLayout } from './layout';
import { Layouts } from './layouts';
import { STEP } from './snap';

function layout(type: string, more: Partial<LayoutInput> = {}, inputs: NodeData['inputs'] = {}): NodeLayout {
  const schema = the(TOYS.nodes[type]);
  return layoutNode({ schema, slots: slotsOf(schema, { inputs }), size: null, collapsed: false, aspect: 0, words: false, ...more });
}

it('a reroute is a dot whose sockets stand on the grid, so that it can lie in a straight link', () => {
  const schema = { ...the(TOYS.nodes['pass']), id: 'reroute' };
  const node = { type: 'reroute', inputs: {}, position: [0, 0] as [number, number] };
  const { width, height, inputs, outputs } = new Layouts(() => []).of('r', node, { ...TOYS, nodes: { reroute: schema } }, { aspect: 0, words: false });
  expect([width, height]).toEqual([48, 16]);
  const [own, others] = [inputs.get('value')?.[1] ?? NaN, outputs.get('result')?.[1] ?? NaN];
  expect([own % STEP, (HEADER + ROW / 2) % STEP, others - own]).toEqual([0, 0, 0]);
});

describe('the layout of a node', () => {
  it('puts inputs that only take links beside the outputs, and those with widgets below', () => {
    const rows = layout('blend').rows.map(({ slot, output }) => [slot?.name, output?.name]);
    expect(rows).toEqual([['base', 'result'], ['over', undefined], ['amount', undefined]]);
  });

  it('has every socket on an edge, in the middle of its row', () => {
    const { inputs, outputs, width, rows } = layout('blend');
    expect([...inputs.values()].every(([x]) => x === 0)).toBe(true);
    expect(outputs.get('result')).toEqual([width, HEADER + ROW / 2]);
    for (const row of rows) if (row.slot) expect(inputs.get(row.slot.name)).toEqual([0, row.y + ROW / 2]);
  });

  it('never lets two rows overlap, and holds them all', () => {
    for (const type of Object.keys(TOYS.nodes)) {
      const { rows, height } = layout(type, { aspect: 1, words: true });
      rows.reduce((bottom, row) => {
        expect(row.y).toBeGreaterThanOrEqual(bottom);
        return row.y + row.height;
      }, HEADER);
      expect(height).toBeGreaterThanOrEqual(Math.max(...rows.map((row) => row.y + row.height), 0));
    }
  });

  it('gives the height the user adds to the text, or to the picture when there is one', () => {
    const plain = layout('write');
    const taller = layout('write', { size: [plain.width, plain.height + 100] });
    expect(taller.height).toBe(plain.height + 100);
    expect(taller.rows[0]?.height).toBe(the(plain.rows[0]).height + 100);
    const pictured = layout('save', { size: [300, 500], aspect: 1 });
    expect(pictured.height).toBe(500);
    expect(the(pictured.picture).y + the(pictured.picture).height).toBeLessThanOrEqual(500);
    expect(layout('save', { size: [600, 500], aspect: 1 }).picture).toEqual(pictured.picture);
  });

  it('never gets smaller than what it shows', () => {
    expect(layout('blend', { size: [10, 10] }).height).toBe(layout('blend').height);
  });

  it('shows a picture in its own shape', () => {
    const { picture, width } = layout('save', { aspect: 0.5 });
    expect(picture?.height).toBeCloseTo((width - 16) / 2, 0);
  });

  it('collapsed is its header, with every socket still where links can go', () => {
    const { height, inputs, outputs, rows } = layout('blend', { collapsed: true });
    expect([height, rows.length]).toEqual([HEADER, 0]);
    expect([...inputs.values(), ...outputs.values()].every(([, y]) => y === HEADER / 2)).toBe(true);
  });
});

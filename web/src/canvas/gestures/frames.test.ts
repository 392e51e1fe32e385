// Frames move what they hold and nothing else: of any document, nested frames included.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Moves } from '../../document/edit/items';
import { TOYS } from '../../document/testing/toys';
import { emptyWorkflow, type NodeData, type Point, type Size, type Workflow } from '../../document/types';
import { Editor } from '../../editor/editor.svelte';
import type { Rect } from '../../geometry/rect';
import { itemsToMove, movesOf } from './drag';

const KINDS = ['nodes', 'frames', 'notes'] as const;
const at = fc.tuple(fc.integer({ min: -100, max: 100 }), fc.integer({ min: -100, max: 100 })).map(([x, y]): Point => [x * 10, y * 10]);
/** From one that holds nothing to one that holds the whole sheet: small ones lie in larger ones. */
const size = fc.tuple(fc.integer({ min: 4, max: 250 }), fc.integer({ min: 4, max: 250 })).map(([x, y]): Size => [x * 10, y * 10]);
const boxes = fc.array(fc.record({ position: at, size }), { minLength: 1, maxLength: 8 });
const named = <Item>(prefix: string, list: readonly Item[]): Record<string, Item> =>
  Object.fromEntries(list.map((item, index) => [`${prefix}${index}`, item]));

/** Each is linked with the one before it. */
function blend({ position, pinned }: { position: Point; pinned: boolean }, index: number): NodeData {
  const inputs: NodeData['inputs'] = index > 0 ? { base: { link: [`n${index - 1}`, 'result'] } } : {};
  return { type: 'blend', version: 1, position, inputs, ...(pinned && { pinned }) };
}

const sheets: fc.Arbitrary<Workflow> = fc
  .record({ frames: boxes, notes: boxes, nodes: fc.array(fc.record({ position: at, pinned: fc.boolean() }), { maxLength: 10 }) })
  .map(({ frames, notes, nodes }) => ({
    ...emptyWorkflow('sheet'),
    frames: named('f', frames.map((box) => ({ title: '', ...box }))),
    notes: named('t', notes.map((box) => ({ text: '', ...box }))),
    nodes: named('n', nodes.map(blend)),
  }));

function open(workflow: Workflow): Editor {
  const editor = new Editor();
  editor.document.catalogue = TOYS;
  editor.load(workflow);
  return editor;
}

/** Where everything lies, under "kind id". */
const placesOf = ({ scene }: Editor): Map<string, Rect> =>
  new Map(KINDS.flatMap((kind) => [...scene[kind].boxes()].map(([id, box]): [string, Rect] => [`${kind} ${id}`, { ...box }])));

const within = (outer: Rect, inner: Rect): boolean =>
  outer.x <= inner.x && outer.y <= inner.y && inner.x + inner.width <= outer.x + outer.width && inner.y + inner.height <= outer.y + outer.height;

const carried = (editor: Editor, shift: Point): Moves => movesOf(itemsToMove(editor, null), shift);

describe('a frame that is moved', () => {
  test('takes along what lies wholly within it, leaves all else where it is, and undo puts everything back', () => {
    fc.assert(
      fc.property(sheets, fc.array(fc.nat(), { minLength: 1, maxLength: 3 }), at, (workflow, picks, shift) => {
        const editor = open(workflow);
        const frames = Object.keys(workflow.frames ?? {});
        const chosen = new Set(picks.map((pick) => frames[pick % frames.length] ?? ''));
        const before = placesOf(editor);
        const boxesOfChosen = [...chosen].map((id) => before.get(`frames ${id}`)).filter((box) => box !== undefined);
        const stays = (key: string): boolean => workflow.nodes[key.replace('nodes ', '')]?.pinned === true;
        editor.selection.set({ frames: chosen });
        editor.edit.move(carried(editor, shift));
        for (const [key, box] of placesOf(editor)) {
          const was = before.get(key);
          const goes = was !== undefined && !stays(key) && boxesOfChosen.some((frame) => within(frame, was));
          expect([key, box]).toEqual([key, was && { ...was, x: was.x + (goes ? shift[0] : 0), y: was.y + (goes ? shift[1] : 0) }]);
        }
        if (shift[0] !== 0 || shift[1] !== 0) editor.undo();
        expect(placesOf(editor)).toEqual(before);
        expect(editor.document.toWorkflow()).toEqual(open(workflow).document.toWorkflow());
      }),
    );
  });

  test('holds the same when it has come to rest in the open', () => {
    fc.assert(
      fc.property(sheets, fc.nat(), (workflow, pick) => {
        const loose = { ...workflow, nodes: Object.fromEntries(Object.entries(workflow.nodes).map(([id, node]) => [id, { ...node, pinned: false }])) };
        const editor = open(loose);
        const frames = Object.keys(workflow.frames ?? {});
        editor.selection.set({ frames: [frames[pick % frames.length] ?? ''] });
        const held = new Set(itemsToMove(editor, null).map(({ kind, id }) => `${kind} ${id}`));
        editor.edit.move(carried(editor, [100_000, 0]));
        expect(new Set(itemsToMove(editor, null).map(({ kind, id }) => `${kind} ${id}`))).toEqual(held);
      }),
    );
  });
});

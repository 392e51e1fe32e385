import { describe, expect, it } from 'vitest';

import { TOYS, workflowOf } from '../document/testing/toys';
import { move } from '../document/edit/items';
import type { NodeData } from '../document/types';
import type { View } from '../geometry/view';
import { addChosen, addFrame, addNode } from './adding';
import { Editor } from './editor.svelte';

function open(nodes: Parameters<typeof workflowOf>[0] = {}): Editor {
  const editor = new Editor();
  editor.document.catalogue = TOYS;
  editor.load(workflowOf(nodes));
  return editor;
}

describe('the editor', () => {
  it('tells autosave of every change, and of undo', () => {
    const editor = open();
    let told = 0;
    editor.listen({ changed: () => (told += 1) });
    addNode(editor, 'make', [0, 0]);
    editor.undo();
    editor.redo();
    expect(told).toBe(3);
    expect([...editor.document.graph.nodes.keys()]).toEqual(['make']);
  });

  it('brings back where the user looked, undoing what moved the view', () => {
    const editor = open({ make: {} });
    const view = { x: 5, y: 6, zoom: 0.5 };
    const command = move(editor.document.place, { nodes: new Map([['make', [900, 900] as const]]) });
    editor.document.do(command && { ...command, view });
    let shown: View = editor.camera.view;
    editor.camera.glide = (to) => (shown = to);
    editor.undo();
    expect(shown).toEqual(view);
  });

  it('wires a node chosen for a loose link, as one step', () => {
    const editor = open({ make: {} });
    const fitting = { direction: 'out' as const, from: { node: 'make', output: 'result' }, type: 'Image' };
    editor.requests.palette = { x: 0, y: 0, at: [500, 100], fitting };
    const id = addChosen(editor, 'save');
    expect(editor.document.node(id ?? '')?.inputs).toEqual({ image: { link: ['make', 'result'] } });
    expect(editor.requests.palette).toBeNull();
    editor.undo();
    expect(editor.document.graph.nodes.size).toBe(1);
  });

  it('wires it to an input as well, to the left of where the link was dropped', () => {
    const editor = open({ save: { type: 'save' } });
    editor.requests.palette = { x: 0, y: 0, at: [0, 0], fitting: { direction: 'in', to: { node: 'save', input: 'image' }, type: 'Image' } };
    const id = addChosen(editor, 'make') ?? '';
    expect(editor.document.node('save')?.inputs['image']).toEqual({ link: [id, 'result'] });
    expect(editor.document.node(id)?.position[0]).toBeLessThan(-200);
  });

  it('refuses a link that does not fit, and makes no step of it', () => {
    const editor = open({ noise: { type: 'noise' }, save: { type: 'save' } });
    editor.edit.connect({ node: 'noise', output: 'result' }, { node: 'save', input: 'image' });
    expect(editor.document.canUndo).toBe(false);
  });

  it('pastes what it copied, selects it, and puts each further copy aside', () => {
    const editor = open({ make: { position: [0, 0] } });
    editor.selectAll();
    const text = editor.clipboard.copy();
    editor.clipboard.paste(text);
    editor.clipboard.paste(text);
    expect([...editor.document.graph.nodes.values()].map(({ position }) => position)).toEqual([[0, 0], [32, 32], [64, 64]]);
    expect([...editor.selection.nodes]).toEqual(['make_3']);
    expect(editor.clipboard.paste('hello')).toBe(false);
  });

  it('never gives a new node the id of one that was deleted', () => {
    const editor = open({ make: {} });
    editor.selectAll();
    editor.edit.remove(editor.selection.items);
    expect(addNode(editor, 'make', [0, 0])).toBe('make_2');
  });

  it('frames the selection with room for the title', () => {
    const editor = open({ make: { position: [100, 100] } });
    editor.selectAll();
    const frame = editor.document.frame(addFrame(editor));
    expect(frame?.position).toEqual([76, 44]);
    expect([...editor.selection.items.frames]).toHaveLength(1);
  });

  it('copies and cuts a frame with what it holds', () => {
    const editor = open({ make: { position: [100, 100] }, far: { position: [3000, 0] } });
    editor.selection.set({ nodes: ['make'] });
    editor.selection.set({ frames: [addFrame(editor)] });
    editor.clipboard.duplicate();
    expect([editor.document.graph.nodes.size, editor.document.graph.frames.size]).toEqual([3, 2]);
    expect(editor.clipboard.items.nodes, 'the copy holds its own alone').toEqual(editor.selection.nodes);
    editor.edit.remove(editor.clipboard.items);
    expect([...editor.document.graph.nodes.keys()]).toEqual(['make', 'far']);
  });

  it('shows the links of all that is selected by name in one step, and as lines again in another', () => {
    const over = (from: string): NodeData['inputs'] => ({ image: { link: [from, 'result'] } });
    const editor = open({ one: {}, two: {}, a: { type: 'save', inputs: over('one') }, b: { type: 'save', inputs: over('two') } });
    const names = (): unknown[] => ['one', 'two'].map((id) => editor.document.node(id)?.named?.['result']);
    editor.selection.set({ nodes: ['one'] });
    editor.toggleNames();
    editor.selectAll();
    editor.toggleNames();
    expect(names()).toEqual(['result', 'result']);
    editor.toggleNames();
    expect(names()).toEqual([undefined, undefined]);
    editor.undo();
    editor.undo();
    expect(names()).toEqual(['result', undefined]);
  });

  it('unpacks all that are selected in one step', () => {
    const editor = open({ make: {} });
    editor.selectAll();
    editor.subgraphs.make();
    editor.clipboard.duplicate();
    editor.selectAll();
    editor.subgraphs.unpack(editor.selection.nodes);
    expect([...editor.document.graph.nodes.values()].map(({ type }) => type)).toEqual(['make', 'make']);
    editor.undo();
    expect(editor.document.graph.nodes.size).toBe(2);
    expect([...editor.selection.nodes]).toEqual([]);
  });

  it('forgets runs and selection of what is gone, and keeps pictures until newer ones come', () => {
    const editor = open({ make: {}, save: { type: 'save' } });
    editor.runs.set('make', { state: 'done', seconds: 1 });
    editor.runs.set('save', { state: 'done', text: 'words' });
    editor.runs.reset({ keepPictures: true });
    expect(editor.runs.of('save')).toMatchObject({ state: 'idle', text: 'words' });
    editor.selectAll();
    editor.edit.remove(editor.selection.items);
    expect([editor.runs.all.size, editor.selection.nodes.size]).toEqual([0, 0]);
  });
});

import { describe, expect, it } from 'vitest';

import { TOYS, workflowOf } from '../document/testing/toys';
import { Editor } from './editor.svelte';

function open(nodes: Parameters<typeof workflowOf>[0] = {}): Editor {
  const editor = new Editor();
  editor.setCatalogue(TOYS);
  editor.load(workflowOf(nodes));
  return editor;
}

describe('the editor', () => {
  it('tells autosave of every change, and of undo', () => {
    const editor = open();
    let told = 0;
    editor.onchange = () => (told += 1);
    editor.addNode('make', [0, 0]);
    editor.undo();
    editor.redo();
    expect(told).toBe(3);
    expect([...editor.nodes.keys()]).toEqual(['make']);
  });

  it('wires a node chosen for a loose link, as one step', () => {
    const editor = open({ make: {} });
    const fitting = { direction: 'out' as const, from: { node: 'make', output: 'result' }, type: 'Image' };
    editor.openPalette({ x: 0, y: 0, at: [500, 100], fitting });
    const id = editor.choose('save');
    expect(editor.node(id ?? '')?.inputs).toEqual({ image: { link: ['make', 'result'] } });
    expect(editor.paletteRequest).toBeNull();
    editor.undo();
    expect(editor.nodes.size).toBe(1);
  });

  it('wires it to an input as well, to the left of where the link was dropped', () => {
    const editor = open({ save: { type: 'save' } });
    editor.openPalette({ x: 0, y: 0, at: [0, 0], fitting: { direction: 'in', to: { node: 'save', input: 'image' }, type: 'Image' } });
    const id = editor.choose('make') ?? '';
    expect(editor.node('save')?.inputs['image']).toEqual({ link: [id, 'result'] });
    expect(editor.node(id)?.position[0]).toBeLessThan(-200);
  });

  it('refuses a link that does not fit, and makes no step of it', () => {
    const editor = open({ noise: { type: 'noise' }, save: { type: 'save' } });
    editor.connect({ node: 'noise', output: 'result' }, { node: 'save', input: 'image' });
    expect(editor.canUndo).toBe(false);
  });

  it('pastes what it copied, selects it, and puts each further copy aside', () => {
    const editor = open({ make: { position: [0, 0] } });
    editor.selectAll();
    const text = editor.copy();
    editor.paste(text);
    editor.paste(text);
    expect([...editor.nodes.values()].map(({ position }) => position)).toEqual([[0, 0], [32, 32], [64, 64]]);
    expect([...editor.selection]).toEqual(['make_3']);
    expect(editor.paste('hello')).toBe(false);
  });

  it('never gives a new node the id of one that was deleted', () => {
    const editor = open({ make: {} });
    editor.selectAll();
    editor.removeSelection();
    expect(editor.addNode('make', [0, 0])).toBe('make_2');
  });

  it('frames the selection with room for the title', () => {
    const editor = open({ make: { position: [100, 100] } });
    editor.selectAll();
    const frame = editor.frame(editor.addFrame());
    expect(frame?.position).toEqual([76, 44]);
    expect([...editor.selected.items.frames]).toHaveLength(1);
  });

  it('forgets runs and selection of what is gone, and keeps pictures until newer ones come', () => {
    const editor = open({ make: {}, save: { type: 'save' } });
    editor.setRun('make', { state: 'done', seconds: 1 });
    editor.setRun('save', { state: 'done', text: 'words' });
    editor.resetRun({ keepPictures: true });
    expect(editor.run('save')).toMatchObject({ state: 'idle', text: 'words' });
    editor.selectAll();
    editor.removeSelection();
    expect([editor.runState.size, editor.selection.size]).toEqual([0, 0]);
  });
});

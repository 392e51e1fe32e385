// What a socket can be linked with, for those who connect without a pointer: every socket that fits, the nearest first.
import { Linking } from '../canvas/linking';
import { slotNamed, slotsOf } from '../document/inputs';
import { inputType, isLinkable, outputType } from '../document/typing';
import type { InputEnd, LooseEnd, OutputEnd } from '../document/types';
import type { Editor } from '../editor/editor.svelte';
import type { SocketEnd } from '../geometry/hit';
import { centreOf } from '../geometry/rect';

export interface Choice {
  end: SocketEnd;
  /** "Sample · Latent". */
  label: string;
}

/** The socket as the end of a link that is still to be made. */
export function looseEndOf({ document }: Editor, end: SocketEnd): LooseEnd | null {
  const { peek: graph, catalogue } = document;
  if (end.side === 'out') {
    const from: OutputEnd = { node: end.node, output: end.output };
    return { direction: 'out', from, type: outputType(graph, catalogue, from) };
  }
  const node = graph.nodes.get(end.node);
  const slot = node && slotNamed(document.schema(node), node, end.input);
  return node && slot ? { direction: 'in', to: { node: end.node, input: end.input }, type: inputType(graph, catalogue, node, slot) } : null;
}

export function choicesFor(editor: Editor, end: SocketEnd): Choice[] {
  const { document, scene } = editor;
  const loose = looseEndOf(editor, end);
  const own = scene.nodes.get(end.node);
  if (!loose || !own) return [];
  const linking = new Linking(document, loose, [0, 0]);
  const [x, y] = centreOf(own);
  const found: (Choice & { far: number })[] = [];
  for (const [id, node] of document.peek.nodes) {
    const schema = document.schema(node);
    const box = scene.nodes.get(id);
    if (!schema || !box || id === end.node) continue;
    const ends: [SocketEnd, string][] =
      end.side === 'in'
        ? schema.outputs.map(({ name, title }) => [{ side: 'out', node: id, output: name }, title])
        : slotsOf(schema, node).filter(isLinkable).map(({ name, title }) => [{ side: 'in', node: id, input: name }, title]);
    const [bx, by] = centreOf(box);
    for (const [other, title] of ends) {
      if (linking.takes(other)) found.push({ end: other, label: `${document.titleOf(node)} · ${title}`, far: Math.hypot(bx - x, by - y) });
    }
  }
  return found.sort((a, b) => a.far - b.far).map(({ end, label }) => ({ end, label }));
}

export function connectTo({ edit }: Editor, end: SocketEnd, other: SocketEnd): void {
  const out = end.side === 'out' ? end : other.side === 'out' ? other : null;
  const into = end.side === 'in' ? end : other.side === 'in' ? other : null;
  if (!out || !into) return;
  const to: InputEnd = { node: into.node, input: into.input };
  edit.connect({ node: out.node, output: out.output }, to);
}

// Layouts by what they depend on, not by node: a thousand nodes of one type share one layout.
import { bareInput, type Catalogue, type NodeSchema } from '../document/catalogue';
import { slotsOf, type Slot } from '../document/inputs';
import type { NodeData } from '../document/types';
import { DOT, layoutNode, type NodeLayout } from './layout';

/** What a node shows of its run. */
export interface Look {
  /** Height by width of the picture; 0 for none. */
  aspect: number;
  words: boolean;
}

export class Layouts {
  readonly #known = new Map<string, NodeLayout>();
  /** The last of each node of a known type, which only its data and look decide. */
  #last = new WeakMap<NodeData, Look & { layout: NodeLayout }>();
  readonly #outputsRead: (id: string) => string[];

  /** `outputsRead` names the outputs that links read of a node: those of one whose type is unknown. */
  constructor(outputsRead: (id: string) => string[]) {
    this.#outputsRead = outputsRead;
  }

  clear(): void {
    this.#known.clear();
    this.#last = new WeakMap();
  }

  of(id: string, node: NodeData, catalogue: Catalogue, look: Look): NodeLayout {
    if (node.type === 'reroute') return DOT;
    const last = this.#last.get(node);
    if (last?.aspect === look.aspect && last.words === look.words) return last.layout;
    const schema = catalogue.nodes[node.type];
    const drawn = schema ?? missingSchema(node, this.#outputsRead(id));
    const aspect = look.aspect || (schema ? reserved(schema, node) : 0);
    const key = `${keyOf(node, schema, drawn)}|${aspect}|${look.words}`;
    let layout = this.#known.get(key);
    if (!layout) {
      const slots = slotsOf(drawn, node);
      const collapsed = node.collapsed === true;
      layout = layoutNode({ schema: drawn, slots, size: node.size ?? null, collapsed, aspect, words: look.words });
      this.#known.set(key, layout);
    }
    if (schema) this.#last.set(node, { ...look, layout });
    return layout;
  }
}

/** Room kept for a picture that is still to come, so that nothing moves when it does. */
function reserved(schema: NodeSchema, node: NodeData): number {
  if (schema.shows_pictures) return 1;
  if (schema.is_output && schema.inputs.some((input) => input.type === 'Image')) return 1;
  const file = pictureInput(schema);
  return file && node.inputs[file] ? 0.75 : 0;
}

/** The input that names a picture file, for nodes that read one and show it. */
export const pictureInput = (schema: NodeSchema | undefined): string =>
  schema?.inputs.find((input) => input.widget?.kind === 'image_file')?.name ?? '';

const varies = new WeakMap<NodeSchema, boolean>();

/** Whether nodes of this type differ in the inputs they show. */
function isVarying(schema: NodeSchema): boolean {
  let known = varies.get(schema);
  if (known === undefined) {
    known = schema.inputs.some((input) => input.grows || input.widget?.kind === 'variant');
    varies.set(schema, known);
  }
  return known;
}

function keyOf(node: NodeData, schema: NodeSchema | undefined, drawn: NodeSchema): string {
  const look = `${node.type}|${node.size ? node.size.join('x') : ''}|${node.collapsed ? 1 : 0}`;
  if (schema && !isVarying(schema)) return look;
  const names = (slots: readonly Slot[]): string => slots.map((slot) => slot.name).join(',');
  return `${look}|${names(slotsOf(drawn, node))}|${schema ? '' : drawn.outputs.map(({ name }) => name).join(',')}`;
}

/** What can be said of a node whose type is not in the catalogue: the inputs it holds, the outputs others read. */
export function missingSchema(node: NodeData, outputs: readonly string[]): NodeSchema {
  return {
    id: node.type,
    title: node.type,
    category: '',
    help: '',
    version: node.version ?? 1,
    inputs: Object.keys(node.inputs).map((name) => bareInput(name, 'any')),
    outputs: outputs.map((name) => ({ name, type: 'any', title: name, help: '', is_list: false })),
    is_output: false,
    is_async: false,
    cached: true,
    wants_context: '',
    pack: '',
  };
}

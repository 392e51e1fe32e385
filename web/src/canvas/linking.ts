// A link in the hand: which sockets take it and why the others do not. Made once when the drag begins, so
// that asking about a socket costs a look-up.
import type { Catalogue } from '../document/catalogue';
import type { Graph } from '../document/document';
import type { Families } from '../document/kinship';
import { fits, misfit } from '../document/fits';
import { slotsOf } from '../document/inputs';
import { upstream } from '../document/links';
import { inputType, isLinkable, outputType } from '../document/typing';
import type { InputEnd, LooseEnd, NodeData, OutputEnd, Point } from '../document/types';
import type { Curve } from '../geometry/curve';
import type { SocketEnd } from '../geometry/hit';
import { strings } from '../strings';

/** The graph that is shown, and what is known of it. */
interface Shown {
  readonly peek: Graph;
  readonly catalogue: Catalogue;
  families(): Families;
}

export class Linking {
  readonly end: LooseEnd;
  readonly type: string;
  /** The input the link was taken off, which is empty while it is dragged. */
  readonly taken: InputEnd | null;
  curve: Curve;
  readonly #fixed: Point;
  readonly #graph: Graph;
  readonly #catalogue: Catalogue;
  /** Nodes a link to which would close a circle. */
  readonly #round: ReadonlySet<string>;
  readonly #families: Families;

  constructor(shown: Shown, end: LooseEnd, fixed: Point, taken: InputEnd | null = null) {
    const { peek: graph, catalogue } = shown;
    this.#graph = graph;
    this.#catalogue = catalogue;
    this.end = end;
    this.type = end.type;
    this.taken = taken;
    this.#fixed = fixed;
    this.#families = shown.families();
    this.curve = { x1: fixed[0], y1: fixed[1], x2: fixed[0], y2: fixed[1] };
    this.#round = end.direction === 'out' ? upstream(graph.nodes, end.from.node) : graph.links.downstream(end.to.node);
  }

  moveTo([x, y]: Point): void {
    const [fx, fy] = this.#fixed;
    this.curve = this.end.direction === 'out' ? { x1: fx, y1: fy, x2: x, y2: y } : { x1: x, y1: y, x2: fx, y2: fy };
  }

  /** Why the link cannot end here; null when it can. The wrong side has no reason worth words. */
  refusal(end: SocketEnd): string | null {
    if (this.end.direction === 'out') {
      if (end.side === 'out') return '';
      return this.#refusesInput(end, this.end.from);
    }
    return end.side === 'in' ? '' : this.#refusesOutput(end, this.end.type);
  }

  takes(end: SocketEnd): boolean {
    return this.refusal(end) === null;
  }

  /** The first socket of a node that takes the link, free ones first: for a link dropped on its body. */
  socketOn(id: string): SocketEnd | null {
    const node = this.#graph.nodes.get(id);
    const schema = node && this.#catalogue.nodes[node.type];
    if (!node || !schema) return null;
    if (this.end.direction === 'in') {
      const ends = schema.outputs.map(({ name }): SocketEnd => ({ side: 'out', node: id, output: name }));
      return ends.find((end) => this.takes(end)) ?? null;
    }
    const slots = slotsOf(schema, node).filter((slot) => this.takes({ side: 'in', node: id, input: slot.name }));
    const isFree = (name: string): boolean => typeof node.inputs[name] !== 'object' || node.inputs[name] === null;
    const bare = slots.filter((slot) => !slot.schema.widget);
    const best = bare.find((slot) => isFree(slot.name)) ?? slots.find((slot) => isFree(slot.name)) ?? slots[0];
    return best ? { side: 'in', node: id, input: best.name } : null;
  }

  #refusesInput(to: InputEnd, from: OutputEnd): string | null {
    const node = this.#graph.nodes.get(to.node);
    const slot = node && this.#slot(node, to.input);
    if (!node || !slot) return strings.refusals.noInput;
    if (!isLinkable(slot)) return strings.refusals.chosen;
    const wanted = inputType(this.#graph, this.#catalogue, node, slot);
    if (!fits(this.#catalogue, this.type, wanted)) return misfit(this.#catalogue, this.type, wanted);
    if (this.#round.has(to.node) || to.node === from.node) return strings.refusals.circle;
    return this.#families.refusal(from, to);
  }

  #refusesOutput(from: OutputEnd, wanted: string): string | null {
    const given = outputType(this.#graph, this.#catalogue, from);
    if (!fits(this.#catalogue, given, wanted)) return misfit(this.#catalogue, given, wanted);
    if (this.#round.has(from.node)) return strings.refusals.circle;
    return this.end.direction === 'in' ? this.#families.refusal(from, this.end.to) : null;
  }

  #slot(node: NodeData, input: string): ReturnType<typeof slotsOf>[number] | undefined {
    const schema = this.#catalogue.nodes[node.type];
    return schema && slotsOf(schema, node).find((slot) => slot.name === input);
  }
}

// Where everything of the graph lies: boxes of nodes, frames and notes in grids, and every link as a curve.
// Kept in step with the document change by change; read by drawing, hit testing and culling.
import type { Catalogue } from '../document/catalogue';
import type { Change } from '../document/change';
import type { Graph } from '../document/document';
import type { Items } from '../document/edit/items';
import { incoming, linkKey, type Link } from '../document/links';
import { outputType } from '../document/typing';
import type { FrameData, InputEnd, NodeData, NoteData, OutputEnd, Point, Size } from '../document/types';
import { boundsOf, type Curve, type LinkStyle } from './curve';
import { Grid } from './grid';
import type { NodeLayout } from './layout';
import { Layouts, type Look } from './layouts';
import { around, rectAt, type Rect } from './rect';

/** A link as it is drawn. */
export interface LinkShape extends Link, Curve {
  type: string;
  /** Shown by this name at its ends instead of a line, until it is looked at; '' for a line. */
  name: string;
}

export class Scene {
  readonly nodes = new Grid();
  readonly frames = new Grid();
  readonly notes = new Grid();
  /** How links run from socket to socket. */
  linkStyle: LinkStyle = 'curved';
  /** What a node shows of its run; set by the owner. */
  look: (id: string) => Look = () => ({ aspect: 0, words: false });
  readonly #layouts = new Layouts((id) => this.#outputsRead(id));
  readonly #links = new Map<string, LinkShape>();
  /** Null until links in an area are asked for: to see all of them from afar takes none. */
  #linkBoxes: Grid | null = null;
  readonly #tried = new Map<string, Size>();
  #graph: Graph | null = null;
  #catalogue: Catalogue | null = null;

  /** Starts over with another graph or catalogue. */
  reset(graph: Graph, catalogue: Catalogue): void {
    this.#graph = graph;
    this.#catalogue = catalogue;
    this.#layouts.clear();
    this.#links.clear();
    this.#linkBoxes = null;
    for (const grid of [this.nodes, this.frames, this.notes]) grid.clear();
    // Each node's layout is asked for once: there are several links a node.
    const layouts = new Map<string, NodeLayout>();
    for (const [id, node] of graph.nodes) {
      const layout = this.#place(id, node);
      if (layout) layouts.set(id, layout);
    }
    for (const [id, frame] of graph.frames) this.frames.set(id, boxOf(frame));
    for (const [id, note] of graph.notes) this.notes.set(id, boxOf(note));
    for (const link of graph.links.all()) this.#drawLink(link, (id) => layouts.get(id));
  }

  update(changes: readonly Change[]): void {
    let relinked = false;
    for (const change of changes) {
      if (change.table === 'frames') put(this.frames, change.id, change.after);
      else if (change.table === 'notes') put(this.notes, change.id, change.after);
      else if (change.table === 'nodes') {
        for (const link of incoming(change.id, change.before)) this.#forget(linkKey(link.to));
        if (change.after) this.#place(change.id, change.after);
        else this.nodes.delete(change.id);
        relinked ||= change.before?.inputs !== change.after?.inputs;
      }
    }
    for (const change of changes) if (change.table === 'nodes') this.#redraw(change.id);
    if (relinked) this.#retype();
  }

  /** The node shows more or less than before: its height may differ. */
  refresh(id: string): void {
    const node = this.#graph?.nodes.get(id);
    if (!node) return;
    this.#place(id, node);
    this.#redraw(id);
  }

  /** Moves boxes by hand during a gesture; the document follows when it ends. */
  shift(kind: keyof Items, id: string, [x, y]: Point): void {
    const grid = this[kind];
    const box = grid.get(id);
    if (!box) return;
    grid.set(id, { ...box, x, y });
    if (kind === 'nodes') this.#redraw(id);
  }

  /** Gives an item another size during a gesture; null gives it its own again. */
  trySize(kind: keyof Items, id: string, size: Size | null): void {
    if (kind === 'nodes') {
      if (size) this.#tried.set(id, size);
      else this.#tried.delete(id);
      this.refresh(id);
      return;
    }
    const own = this.#graph?.[kind].get(id);
    if (own) this[kind].set(id, size ? rectAt(own.position, size) : boxOf(own));
  }

  layout(id: string): NodeLayout | undefined {
    const own = this.#graph?.nodes.get(id);
    const tried = this.#tried.get(id);
    const node = own && tried ? { ...own, size: tried } : own;
    return node && this.#catalogue ? this.#layouts.of(id, node, this.#catalogue, this.look(id)) : undefined;
  }

  links(): Iterable<LinkShape> {
    return this.#links.values();
  }

  /** The links that may touch an area, without looking at the others. */
  *linksIn(area: Rect): Generator<LinkShape> {
    this.#linkBoxes ??= this.#boxLinks();
    for (const key of this.#linkBoxes.within(area)) {
      const shape = this.#links.get(key);
      if (shape) yield shape;
    }
  }

  link(to: InputEnd): LinkShape | undefined {
    return this.#links.get(linkKey(to));
  }

  /** The links into and out of a node. */
  *linksOf(id: string): Generator<LinkShape> {
    const links = [...incoming(id, this.#graph?.nodes.get(id)), ...(this.#graph?.links.outgoing(id) ?? [])];
    for (const { to } of links) {
      const shape = this.link(to);
      if (shape) yield shape;
    }
  }

  /** Where a socket's centre is; null when the node or socket does not exist. */
  outputPoint(from: OutputEnd): Point | null {
    return this.#socket(from.node, this.layout(from.node)?.outputs.get(from.output));
  }

  inputPoint(to: InputEnd): Point | null {
    return this.#socket(to.node, this.layout(to.node)?.inputs.get(to.input));
  }

  /** The box around everything; null for an empty graph. */
  bounds(): Rect | null {
    const grids = [this.nodes, this.frames, this.notes];
    return around(grids.flatMap((grid) => [...grid.boxes().values()]));
  }

  *boxesOf(items: Items): Generator<Rect> {
    for (const kind of ['nodes', 'frames', 'notes'] as const) {
      for (const id of items[kind]) {
        const box = this[kind].get(id);
        if (box) yield box;
      }
    }
  }

  #place(id: string, node: NodeData): NodeLayout | undefined {
    const layout = this.layout(id);
    if (layout) this.nodes.set(id, { x: node.position[0], y: node.position[1], width: layout.width, height: layout.height });
    return layout;
  }

  #outputsRead(id: string): string[] {
    return [...new Set([...(this.#graph?.links.outgoing(id) ?? [])].map((link) => link.from.output))];
  }

  #socket(node: string, offset: Point | undefined): Point | null {
    const box = this.nodes.get(node);
    return box && offset ? [box.x + offset[0], box.y + offset[1]] : null;
  }

  #redraw(id: string): void {
    const node = this.#graph?.nodes.get(id);
    for (const link of incoming(id, node)) this.#drawLink(link);
    for (const link of this.#graph?.links.outgoing(id) ?? []) this.#drawLink(link);
  }

  #drawLink(link: Link, layoutOf = (id: string): NodeLayout | undefined => this.layout(id)): void {
    const key = linkKey(link.to);
    const start = this.#socket(link.from.node, layoutOf(link.from.node)?.outputs.get(link.from.output));
    const end = this.#socket(link.to.node, layoutOf(link.to.node)?.inputs.get(link.to.input));
    if (!start || !end || !this.#graph || !this.#catalogue) {
      this.#forget(key);
      return;
    }
    const before = this.#links.get(key);
    const same = before?.from.node === link.from.node && before.from.output === link.from.output;
    const type = same ? before.type : outputType(this.#graph, this.#catalogue, link.from);
    const name = this.#graph.nodes.get(link.from.node)?.named?.[link.from.output] ?? '';
    const { from, to } = link;
    // Part by part: to copy an object takes as long as all else here.
    const shape: LinkShape = { from, to, x1: start[0], y1: start[1], x2: end[0], y2: end[1], type, name };
    this.#links.set(key, shape);
    this.#linkBoxes?.set(key, boundsOf(shape));
  }

  #boxLinks(): Grid {
    const boxes = new Grid();
    for (const [key, shape] of this.#links) boxes.set(key, boundsOf(shape));
    return boxes;
  }

  #forget(link: string): void {
    this.#links.delete(link);
    this.#linkBoxes?.delete(link);
  }

  /** A link made or cut upstream of a type variable changes what flows downstream. */
  #retype(): void {
    if (!this.#graph || !this.#catalogue) return;
    for (const shape of this.#links.values()) {
      const node = this.#graph.nodes.get(shape.from.node);
      const schema = node && this.#catalogue.nodes[node.type];
      if (schema?.outputs.some((output) => output.type.startsWith('$'))) {
        shape.type = outputType(this.#graph, this.#catalogue, shape.from);
      }
    }
  }
}

const boxOf = (item: FrameData | NoteData): Rect => rectAt(item.position, item.size);

function put(grid: Grid, id: string, item: FrameData | NoteData | undefined): void {
  if (item) grid.set(id, boxOf(item));
  else grid.delete(id);
}

// Drags a link from a socket. Dropped on one that fits it connects, replacing what was there; on a node's body
// it takes the first that fits; in the open it asks for a node that would fit. Taken off an input and dropped
// in the open, the link is cut.
import { outputType, inputType } from '../../document/typing';
import { slotNamed } from '../../document/inputs';
import { isLink, type InputEnd, type OutputEnd, type Point } from '../../document/types';
import { socketAt, type SocketEnd } from '../../geometry/hit';
import { strings } from '../../strings';
import type { Editor } from '../../editor/editor.svelte';
import { Linking } from '../linking';
import type { Stage } from '../stage.svelte';
import type { Gesture, Spot } from './gesture';

const REACH = 28;

export class LinkDrag implements Gesture {
  readonly cursor = 'crosshair';
  readonly #stage: Stage;
  readonly #linking: Linking;
  #target: SocketEnd | null = null;

  constructor(stage: Stage, linking: Linking) {
    this.#stage = stage;
    this.#linking = linking;
    stage.linking = linking;
  }

  move({ at, client }: Spot): void {
    const { scene, camera } = this.#stage.editor;
    const { zoom } = camera.view;
    const radius = REACH / Math.min(1, zoom);
    const near = socketAt(scene, at, radius, (end) => this.#linking.takes(end));
    const body = nodeUnder(this.#stage, at);
    this.#target = near ?? (body ? this.#linking.socketOn(body) : null);
    const point = this.#target && pointOf(this.#stage, this.#target);
    this.#linking.moveTo(point ?? at);
    this.#say(client, at, body);
    this.#stage.aim = this.#target;
    this.#stage.draw();
  }

  end(spot: Spot): void {
    const { editor } = this.#stage;
    const { end, taken } = this.#linking;
    const target = this.#target;
    this.#stop();
    if (target) finishLink(editor, this.#linking, target);
    else if (taken) editor.edit.disconnect(taken);
    else if (!nodeUnder(this.#stage, spot.at)) {
      editor.requests.palette = { x: spot.client[0], y: spot.client[1], at: spot.at, fitting: end };
    }
  }

  cancel(): void {
    this.#stop();
  }

  /** Beside the pointer: what would be connected, or why nothing can be. */
  #say(client: Point, at: Point, body: string | null): void {
    const { editor } = this.#stage;
    let text = '';
    if (this.#target) text = nameOf(this.#stage, this.#target);
    else if (body) {
      const over = socketAt(editor.scene, at, 40, () => true);
      text = (over && this.#linking.refusal(over)) || strings.refusals.nothing;
    }
    const hint = text ? { x: client[0], y: client[1], text, good: this.#target !== null } : null;
    if (hint?.text !== this.#stage.hint?.text || hint) this.#stage.hint = hint;
  }

  #stop(): void {
    this.#stage.linking = null;
    this.#stage.aim = null;
    this.#stage.hint = null;
    this.#stage.draw();
  }
}

/** Makes the link that is in the hand. */
export function finishLink({ edit }: Editor, { end, taken }: Linking, target: SocketEnd): void {
  const [from, to] = endsOf(end.direction === 'out' ? end.from : end.to, target);
  if (taken) edit.relink(from, taken, to);
  else edit.connect(from, to);
}

/** A finger taps one socket, then another, or a node that takes the link; a tap anywhere else leaves it. */
export function tapSocket(stage: Stage, end: SocketEnd): void {
  const { linking } = stage;
  const again = linking !== null && stage.tapped?.node === end.node && stage.tapped.side === end.side;
  stage.linking = null;
  stage.tapped = null;
  stage.hint = null;
  if (linking?.takes(end)) finishLink(stage.editor, linking, end);
  else if (!again) {
    stage.linking = linkFrom(stage, end);
    stage.tapped = end;
  }
  stage.draw();
}

/** A tap that is not on a socket, while a link is in the hand; false when none is. */
export function tapElsewhere(stage: Stage, node: string | null): boolean {
  const { linking } = stage;
  if (!linking || !stage.tapped) return false;
  const end = node === null ? null : linking.socketOn(node);
  stage.linking = null;
  stage.tapped = null;
  if (end) finishLink(stage.editor, linking, end);
  stage.draw();
  return true;
}

/** A link begun at a socket. An input that is linked lets go of its link instead of beginning another. */
export function linkFrom(stage: Stage, end: SocketEnd): Linking | null {
  const { editor } = stage;
  const graph = editor.document.peek;
  const { scene } = editor;
  const { catalogue } = editor.document;
  if (end.side === 'out') {
    const point = scene.outputPoint(end);
    const from: OutputEnd = { node: end.node, output: end.output };
    const type = outputType(graph, catalogue, from);
    return point && new Linking(editor.document, { direction: 'out', from, type }, point);
  }
  const node = graph.nodes.get(end.node);
  const value = node?.inputs[end.input];
  const to: InputEnd = { node: end.node, input: end.input };
  if (isLink(value)) {
    const from: OutputEnd = { node: value.link[0], output: value.link[1] };
    const point = scene.outputPoint(from);
    return point && new Linking(editor.document, { direction: 'out', from, type: outputType(graph, catalogue, from) }, point, to);
  }
  const point = scene.inputPoint(to);
  const slot = node && slotNamed(editor.document.schema(node), node, end.input);
  if (!point || !node || !slot) return null;
  return new Linking(editor.document, { direction: 'in', to, type: inputType(graph, catalogue, node, slot) }, point);
}

function endsOf(own: OutputEnd | InputEnd, target: SocketEnd): [OutputEnd, InputEnd] {
  if (target.side === 'in') return [own as OutputEnd, { node: target.node, input: target.input }];
  return [{ node: target.node, output: target.output }, own as InputEnd];
}

function pointOf(stage: Stage, end: SocketEnd): Point | null {
  return end.side === 'in' ? stage.editor.scene.inputPoint(end) : stage.editor.scene.outputPoint(end);
}

function nodeUnder(stage: Stage, [x, y]: Point): string | null {
  const found = [...stage.editor.scene.nodes.within({ x, y, width: 0, height: 0 })];
  return found.at(-1) ?? null;
}

function nameOf(stage: Stage, end: SocketEnd): string {
  const node = stage.editor.document.peek.nodes.get(end.node);
  if (!node) return '';
  const schema = stage.editor.document.schema(node);
  const socket =
    end.side === 'in'
      ? slotNamed(schema, node, end.input)?.title
      : schema?.outputs.find(({ name }) => name === end.output)?.title;
  return `${stage.editor.document.titleOf(node)}: ${socket ?? ''}`;
}

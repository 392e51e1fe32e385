// What the user does to what is there. Each method is one command, and so one step to undo.
import { together, type Change } from '../document/change';
import * as chains from '../document/edit/chains';
import * as items from '../document/edit/items';
import * as links from '../document/edit/links';
import * as ports from '../document/edit/ports';
import * as values from '../document/edit/values';
import type { Form } from '../document/form';
import type { Sweep } from '../document/sweep';
import { makesPort } from '../document/subgraphs';
import { refusal } from '../document/typing';
import type { AfterRun, FrameData, InputEnd, Json, Mode, NoteData, OutputEnd, Point, Size } from '../document/types';
import { strings } from '../strings';
import type { OpenDocument } from './open-document.svelte';

export class Edits {
  readonly #document: OpenDocument;

  constructor(document: OpenDocument) {
    this.#document = document;
  }

  /** Another form, or a change of it: typing in one of its fields is one step. */
  setForm(form: Form): void {
    const before = this.#document.form;
    const changes: Change[] = [{ table: 'document', key: 'form', before, after: form }];
    this.#document.do({ label: strings.form.edit, changes });
  }

  /** Another sweep, or a change of it; null: none. Typing in one of its fields is one step. */
  setSweep(sweep: Sweep | null, session = ''): void {
    const before = this.#document.whole.key('sweep');
    const changes: Change[] = [{ table: 'document', key: 'sweep', before, after: sweep ?? undefined }];
    this.#document.do({ label: strings.sweep.edit, changes, ...(session ? { merge: `sweep ${session}`, lasting: true } : {}) });
  }

  setTitle(title: string): void {
    const before = this.#document.title;
    if (before === title) return;
    const changes: Change[] = [{ table: 'document', key: 'title', before, after: title }];
    this.#document.do({ label: strings.edits.rename, changes, merge: 'title' });
  }

  /** All values set in one `session`, such as from entering a field to leaving it, are one step. */
  setValue(node: string, input: string, value: Json, session = ''): void {
    const command = values.setValue(this.#document.place, node, input, value);
    this.#document.do(command && session ? { ...command, merge: `${command.merge} ${session}`, lasting: true } : command);
  }

  /** The same in any graph of the workflow. */
  setValueIn(graph: string, node: string, input: string, value: Json): void {
    this.#document.do(values.setValue(this.#document.placeIn(graph), node, input, value));
  }

  setAfterRun(node: string, input: string, rule: AfterRun): void {
    this.#document.do(values.setAfterRun(this.#document.place, node, input, rule));
  }

  /** Makes a link; one that cannot be is not made, and is no step. */
  connect(from: OutputEnd, to: InputEnd): void {
    const { peek, catalogue, place } = this.#document;
    if (refusal(peek, catalogue, from, to) !== null) return;
    this.#document.do(makesPort(from, to) ? ports.connectNewPort(place, from, to) : links.connect(place, from, to));
  }

  disconnect(to: InputEnd): void {
    this.#document.do(links.disconnect(this.#document.place, to));
  }

  /** Moves a link's end from one input to another. */
  relink(from: OutputEnd, was: InputEnd, to: InputEnd): void {
    const { place } = this.#document;
    if (!makesPort(from, to)) return this.#document.do(links.relink(place, from, was, to));
    const made = ports.connectNewPort(place, from, to);
    this.#document.do(made && together(strings.edits.moveLink, [made, links.disconnect(place, was)]));
  }

  setMode(ids: Iterable<string>, mode: Mode): void {
    this.#document.do(items.setMode(this.#document.place, new Set(ids), mode));
  }

  toggleMode(ids: Iterable<string>, mode: Mode): void {
    this.#document.do(items.toggleMode(this.#document.place, new Set(ids), mode));
  }

  dress(ids: Iterable<string>, look: items.NodeLook): void {
    this.#document.do(items.dress(this.#document.place, new Set(ids), look));
  }

  move(moves: items.Moves): void {
    this.#document.do(items.move(this.#document.place, moves));
  }

  /** Moves by a key held down: the steps of the same items in quick succession are one. */
  nudge(moves: items.Moves): void {
    const command = items.move(this.#document.place, moves);
    if (!command) return;
    const ids = [moves.nodes, moves.frames, moves.notes].flatMap((kind) => [...(kind?.keys() ?? [])]);
    this.#document.do({ ...command, merge: `nudge ${ids.join(' ')}` });
  }

  resizeNode(id: string, size: Size | null): void {
    this.#document.do(items.resizeNode(this.#document.place, id, size));
  }

  changeFrame(id: string, change: Partial<FrameData>): void {
    const frame = this.#document.peek.frames.get(id);
    if (!frame) return;
    const changed = { ...frame, ...change } as FrameData;
    this.#document.do(items.putFrame(this.#document.place, id, changed, strings.edits.changeFrame));
  }

  changeNote(id: string, change: Partial<NoteData>): void {
    const note = this.#document.peek.notes.get(id);
    if (!note) return;
    const changed = { ...note, ...change } as NoteData;
    this.#document.do(items.putNote(this.#document.place, id, changed, strings.edits.changeNote));
  }

  remove(chosen: items.Items): void {
    this.#document.do(items.remove(this.#document.place, chosen));
  }

  /** Removes items and joins what stood on either side of them. */
  dissolve(chosen: items.Items): void {
    this.#document.do(chains.removeKeepingChain(this.#document.place, chosen));
  }

  /** A node was dropped on the link that ends at `to`. */
  moveIntoLink(moves: items.Moves, node: string, to: InputEnd): void {
    this.#document.do(chains.moveIntoLink(this.#document.place, moves, node, to));
  }

  addReroute(to: InputEnd, at: Point): string {
    const id = this.#document.freshId('reroute');
    this.#document.do(chains.addReroute(this.#document.place, id, at, to));
    return id;
  }

  cutLinks(ends: readonly InputEnd[]): void {
    this.#document.do(chains.cutLinks(this.#document.place, ends));
  }

  nameOutput(from: OutputEnd, name: string): void {
    this.nameOutputs([[from, name]]);
  }

  nameOutputs(names: Iterable<readonly [OutputEnd, string]>): void {
    this.#document.do(chains.nameOutputs(this.#document.place, names));
  }
}

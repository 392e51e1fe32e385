// What the user does with subgraphs: each is one step to undo, or is refused in words.
import * as ports from '../document/edit/ports';
import { removeDefinition, detach, makeSubgraph, setLoop, unpack, type Outcome } from '../document/edit/subgraphs';
import { definitionOf, freshTitle, isBoundary, type PortKind } from '../document/subgraphs';
import type { Json, LoopData } from '../document/types';
import type { Words } from '../languages/words';
import { strings } from '../strings';
import type { OpenDocument } from './open-document.svelte';
import type { Selection } from './selection.svelte';

export class Subgraphs {
  readonly #document: OpenDocument;
  readonly #selection: Selection;
  /** Told why something cannot be done. */
  onrefused: ((why: Words) => void) | null = null;

  constructor(document: OpenDocument, selection: Selection) {
    this.#document = document;
    this.#selection = selection;
  }

  /** Puts the selection into a new subgraph and selects what stands for it. */
  make(): void {
    const titles = new Set([...this.#document.whole.definitions()].map(([, { head }]) => head.title ?? ''));
    const fresh = {
      definition: crypto.randomUUID(),
      instance: this.#document.freshId('subgraph'),
      title: freshTitle(strings.subgraphs.untitled, titles),
    };
    if (this.#take(makeSubgraph(this.#document.place, this.#selection.items, fresh))) this.#selection.set({ nodes: [fresh.instance] });
  }

  /** Puts what the selected instances hold in their place, as one step. */
  unpack(ids: Iterable<string>): void {
    const before = new Set(this.#document.peek.nodes.keys());
    const step = `unpack ${crypto.randomUUID()}`;
    for (const id of [...ids].filter((each) => this.isInstance(each))) {
      const { nodes, frames, notes } = this.#document.peek;
      // A node that comes out again is the one that went in: the id it had is its own.
      const isFree = (candidate: string): boolean => !nodes.has(candidate) && !frames.has(candidate) && !notes.has(candidate);
      if (!this.#take(unpack(this.#document.place, id, isFree), step)) break;
    }
    this.#selection.set({ nodes: [...this.#document.peek.nodes.keys()].filter((each) => !before.has(each)) });
  }

  detach(id: string): void {
    this.#take(detach(this.#document.place, id, crypto.randomUUID()));
  }

  remove(definition: string): void {
    this.#take(removeDefinition(this.#document.place, definition));
  }

  isInstance(id: string): boolean {
    return definitionOf(this.#document.peek.nodes.get(id)) !== null;
  }

  /** Whether a subgraph can be made of what is selected. */
  canMake(): boolean {
    return [...this.#selection.nodes].some((id) => !isBoundary(this.#document.peek.nodes.get(id)));
  }

  setTitle(definition: string, title: string): void {
    this.#document.do(ports.setDefinitionTitle(this.#in(definition), title));
  }

  setPortTitle(definition: string, kind: PortKind, name: string, title: string): void {
    this.#document.do(ports.setPortTitle(this.#in(definition), kind, name, title));
  }

  setPortDefault(definition: string, name: string, value: Json): void {
    this.#document.do(ports.setPortDefault(this.#in(definition), name, value));
  }

  movePort(definition: string, kind: PortKind, name: string, by: number): void {
    this.#document.do(ports.movePort(this.#in(definition), kind, name, by));
  }

  removePort(definition: string, kind: PortKind, name: string): void {
    this.#document.do(ports.removePort(this.#in(definition), kind, name));
  }

  /** Shows an input of the graph shown on the subgraph's instances. */
  promote(node: string, input: string): void {
    this.#document.do(ports.promote(this.#document.place, node, input));
  }

  setLoop(id: string, loop: LoopData | null): void {
    this.#document.do(setLoop(this.#document.place, id, loop));
  }

  #in(definition: string): ReturnType<OpenDocument['placeIn']> {
    return this.#document.placeIn(definition);
  }

  /** `step`: outcomes of the same one are taken back together. */
  #take(outcome: Outcome, step = ''): boolean {
    if (outcome.refused !== undefined) {
      this.onrefused?.(outcome.refused);
      return false;
    }
    this.#document.do(step ? { ...outcome.command, merge: step, lasting: true } : outcome.command);
    return true;
  }
}

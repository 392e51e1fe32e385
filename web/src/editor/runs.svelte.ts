// What the last run says of each node, kept apart from the document and signalled node by node.
import { IDLE, type NodeRun } from './run';
import { Ticks } from './ticks.svelte';

export interface Shows {
  /** Height by width of the picture the node shows; 0 for none. */
  aspect: number;
  words: boolean;
}

const isPicture = (type: string): boolean => type.startsWith('image/');

export class Runs {
  readonly #runs = new Map<string, NodeRun>();
  readonly #ticks = new Ticks();
  /** Height by width of pictures that nodes read from files. */
  readonly #aspects = new Map<string, number>();

  get all(): ReadonlyMap<string, NodeRun> {
    return this.#runs;
  }

  of(node: string): NodeRun {
    this.#ticks.read(node);
    return this.#runs.get(node) ?? IDLE;
  }

  /** True when what the node shows takes other room than before. */
  set(node: string, patch: Partial<NodeRun>): boolean {
    const before = this.shows(node);
    this.#runs.set(node, { ...(this.#runs.get(node) ?? IDLE), ...patch });
    this.#ticks.bump(node);
    const after = this.shows(node);
    return before.aspect !== after.aspect || before.words !== after.words;
  }

  forget(node: string): void {
    this.#runs.delete(node);
    this.#aspects.delete(node);
    this.#ticks.bump(node);
  }

  reset(keepPictures: boolean): void {
    for (const [node, { outputs, previewUrl, text }] of this.#runs) {
      const kept = keepPictures && (outputs.length || previewUrl || text);
      if (kept) this.#runs.set(node, { ...IDLE, outputs, previewUrl, text });
      else this.#runs.delete(node);
    }
    this.#ticks.bumpAll();
  }

  /** True when the picture a node reads has another shape than was thought. */
  setAspect(node: string, aspect: number): boolean {
    if (this.#aspects.get(node) === aspect) return false;
    this.#aspects.set(node, aspect);
    this.#ticks.bump(node);
    return true;
  }

  shows(node: string): Shows {
    const run = this.#runs.get(node);
    if (!run) return { aspect: this.#aspects.get(node) ?? 0, words: false };
    const picture = run.outputs.find((output) => isPicture(output.media_type));
    const aspect = picture && picture.width > 0 ? picture.height / picture.width : 1;
    return { aspect: picture || run.previewUrl ? aspect : (this.#aspects.get(node) ?? 0), words: run.text !== '' };
  }
}

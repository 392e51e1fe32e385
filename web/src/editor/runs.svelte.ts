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
  /** Told of a node, or of all by null; `reshaped` when what the node shows takes other room than before. */
  onchange: ((node: string | null, reshaped: boolean) => void) | null = null;
  readonly #runs = new Map<string, NodeRun>();
  readonly #ticks = new Ticks();
  /** Height by width of pictures that nodes read from files. */
  readonly #aspects = new Map<string, number>();

  /** For reading at large: not reactive. */
  get all(): ReadonlyMap<string, NodeRun> {
    return this.#runs;
  }

  /** What the last run says of a node; follows that node alone. */
  of(node: string): NodeRun {
    this.#ticks.read(node);
    return this.#runs.get(node) ?? IDLE;
  }

  set(node: string, patch: Partial<NodeRun>): void {
    const before = this.shows(node);
    this.#runs.set(node, { ...(this.#runs.get(node) ?? IDLE), ...patch });
    this.#ticks.bump(node);
    const after = this.shows(node);
    this.onchange?.(node, before.aspect !== after.aspect || before.words !== after.words);
  }

  forget(node: string): void {
    this.#runs.delete(node);
    this.#aspects.delete(node);
    this.#ticks.bump(node);
  }

  /** Before a new run: states go. Pictures may stay until newer ones come, so that nothing jumps. */
  reset({ keepPictures = false } = {}): void {
    for (const [node, { outputs, previewUrl, text }] of this.#runs) {
      const kept = keepPictures && (outputs.length || previewUrl || text);
      if (kept) this.#runs.set(node, { ...IDLE, outputs, previewUrl, text });
      else this.#runs.delete(node);
    }
    this.#ticks.bumpAll();
    this.onchange?.(null, false);
  }

  /** The picture a node reads is so high by so wide. */
  setAspect(node: string, aspect: number): void {
    if (this.#aspects.get(node) === aspect) return;
    this.#aspects.set(node, aspect);
    this.#ticks.bump(node);
    this.onchange?.(node, true);
  }

  shows(node: string): Shows {
    const run = this.#runs.get(node);
    if (!run) return { aspect: this.#aspects.get(node) ?? 0, words: false };
    const picture = run.outputs.find((output) => isPicture(output.media_type));
    const aspect = picture && picture.width > 0 ? picture.height / picture.width : 1;
    return { aspect: picture || run.previewUrl ? aspect : (this.#aspects.get(node) ?? 0), words: run.text !== '' };
  }
}

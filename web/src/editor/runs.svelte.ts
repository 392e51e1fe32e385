// What the last run says of each node, kept apart from the document and signalled node by node. Nodes in subgraphs
// go by flat ids, `outer/inner`; an instance shows what is said of all that is in it.
import { IDLE, type NodeRun } from './run';
import { summed } from './summed';
import { Ticks } from './ticks.svelte';

export interface Shows {
  /** Height by width of the picture the node shows; 0 for none. */
  aspect: number;
  words: boolean;
}

const isPicture = (type: string): boolean => type.startsWith('image/');

/** The nodes around one, outermost first. */
function* around(flat: string): Generator<string> {
  for (let at = flat.indexOf('/'); at >= 0; at = flat.indexOf('/', at + 1)) yield flat.slice(0, at);
}

export class Runs {
  /** Told of a node by its flat id, or of all by null; `reshaped` when what it shows takes other room than before. */
  onchange: ((node: string | null, reshaped: boolean) => void) | null = null;
  readonly #runs = new Map<string, NodeRun>();
  readonly #ticks = new Ticks();
  /** Height by width of pictures that nodes read from files. */
  readonly #aspects = new Map<string, number>();
  /** What an instance holds that ran, by flat id. */
  readonly #inside = new Map<string, Set<string>>();
  readonly #sums = new Map<string, NodeRun>();
  #scope = $state<string | null>('');

  /** What flat ids of the nodes in the graph shown begin with; null where no run can be told of them. */
  get scope(): string | null {
    return this.#scope;
  }

  set scope(scope: string | null) {
    this.#scope = scope;
  }

  /** By flat id, for reading at large: not reactive. */
  get all(): ReadonlyMap<string, NodeRun> {
    return this.#runs;
  }

  /** What the last run says of a node of the graph shown; follows that node alone. */
  of(node: string): NodeRun {
    const { scope } = this;
    if (scope === null) return IDLE;
    this.#ticks.read(scope + node);
    return this.#told(scope + node);
  }

  /** The same without following it. */
  peek(node: string): NodeRun {
    return this.#scope === null ? IDLE : this.#told(this.#scope + node);
  }

  /** What is said of a node anywhere; follows that node. */
  at(flat: string): NodeRun {
    this.#ticks.read(flat);
    return this.#told(flat);
  }

  set(flat: string, patch: Partial<NodeRun>): void {
    const changed = [...around(flat), flat];
    const before = changed.map((id) => this.#shows(id));
    this.#runs.set(flat, { ...(this.#runs.get(flat) ?? IDLE), ...patch });
    for (const outer of around(flat)) {
      const held = this.#inside.get(outer) ?? new Set();
      this.#inside.set(outer, held.add(flat));
    }
    changed.forEach((id, index) => {
      this.#sums.delete(id);
      this.#ticks.bump(id);
      const [was, is] = [before[index], this.#shows(id)];
      this.onchange?.(id, was?.aspect !== is.aspect || was.words !== is.words);
    });
  }

  /** A node of the graph shown is gone. */
  forget(node: string): void {
    const flat = (this.#scope ?? '') + node;
    for (const id of [flat, ...(this.#inside.get(flat) ?? [])]) {
      this.#runs.delete(id);
      this.#aspects.delete(id);
      for (const outer of around(id)) this.#inside.get(outer)?.delete(id);
    }
    this.#inside.delete(flat);
    for (const id of [...around(flat), flat]) {
      this.#sums.delete(id);
      this.#ticks.bump(id);
    }
  }

  /** Before a new run: states go. Pictures may stay until newer ones come, so that nothing jumps. */
  reset({ keepPictures = false } = {}): void {
    for (const [node, { outputs, previewUrl, text }] of this.#runs) {
      const kept = keepPictures && (outputs.length || previewUrl || text);
      if (kept) this.#runs.set(node, { ...IDLE, outputs, previewUrl, text });
      else this.#runs.delete(node);
    }
    for (const held of this.#inside.values()) for (const id of held) if (!this.#runs.has(id)) held.delete(id);
    this.#sums.clear();
    this.#ticks.bumpAll();
    this.onchange?.(null, false);
  }

  /** The picture a node of the graph shown reads is so high by so wide. */
  setAspect(node: string, aspect: number): void {
    const flat = (this.#scope ?? '') + node;
    if (this.#aspects.get(flat) === aspect) return;
    this.#aspects.set(flat, aspect);
    this.#ticks.bump(flat);
    this.onchange?.(flat, true);
  }

  /** What a node of the graph shown takes room for. */
  shows(node: string): Shows {
    return this.#scope === null ? { aspect: 0, words: false } : this.#shows(this.#scope + node);
  }

  #told(flat: string): NodeRun {
    const held = this.#inside.get(flat);
    if (!held?.size) return this.#runs.get(flat) ?? IDLE;
    let sum = this.#sums.get(flat);
    if (!sum) {
      const inner = [...held].flatMap((id) => [[id, this.#runs.get(id) ?? IDLE] as const]);
      this.#sums.set(flat, (sum = summed(this.#runs.get(flat), inner)));
    }
    return sum;
  }

  #shows(flat: string): Shows {
    const run = this.#told(flat);
    const picture = run.outputs.find((output) => isPicture(output.media_type));
    const aspect = picture && picture.width > 0 ? picture.height / picture.width : 1;
    return { aspect: picture || run.previewUrl ? aspect : (this.#aspects.get(flat) ?? 0), words: run.text !== '' };
  }
}

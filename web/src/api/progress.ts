// How far a job is and how long it will take, counted from its node changes alone: linear in the changes, whatever
// the number of nodes. Times are the page's own clock, in milliseconds.
import type { NodeChange, Progress } from './messages.gen';

type NodeState = NodeChange['state'];

/** Seconds that a node is taken to need of which nothing is known, for its part of the bar: no time is told by it. */
const GUESS = 1;

/** From this share of what a node took before it may be late; then it is taken to need so many times what has gone by. */
const [ON_TIME, LATE] = [0.8, 2];

const SETTLED: ReadonlySet<NodeState> = new Set(['done', 'cached', 'failed', 'cancelled', 'skipped']);

/** What a job says of itself as a whole is said of this node. */
export const WHOLE_JOB = '';

/** Seconds left; `atLeast` where some nodes never ran before, so that nobody knows how long they take. */
export interface Left {
  seconds: number;
  atLeast: boolean;
}

interface Node {
  state: NodeState;
  /** Seconds it took when it last ran. */
  expected: number | null;
  began: number;
  /** Its own share done, and what it said last of the seconds left, and when. */
  fraction: number;
  remaining: number | null;
  told: number;
}

export class JobProgress {
  readonly #nodes = new Map<string, Node>();
  /** Those that wait or run. */
  readonly #open = new Set<string>();
  #ran = 0;
  /** Seconds of the nodes that were computed to their end. */
  #spent = 0;
  /** When the bar was last looked at, from the start of the first node on. */
  #counted: number | null = null;
  #shown = 0;
  /** Of a sweep: how many of its pictures there are, as the job tells of itself; its nodes run again for each. */
  #whole: { value: number; total: number; remaining: number | null; told: number } | null = null;

  apply(changes: readonly NodeChange[], now = 0): void {
    for (const change of changes) this.#set(change, now);
  }

  step({ node, value, total, remaining }: Pick<Progress, 'node' | 'value' | 'total' | 'remaining'>, now = 0): void {
    if (node === WHOLE_JOB) this.#whole = { value, total, remaining: remaining ?? null, told: now };
    const known = this.#nodes.get(node);
    if (!known || total <= 0) return;
    known.fraction = Math.min(1, value / total);
    known.remaining = remaining ?? null;
    known.told = now;
  }

  /** Of a sweep: how many of its pictures there are. */
  get made(): { value: number; total: number } | null {
    return this.#whole;
  }

  get total(): number {
    return this.#nodes.size;
  }

  get settled(): number {
    return this.total - this.#open.size;
  }

  /** Nodes that were computed rather than reused. */
  get ran(): number {
    return this.#ran;
  }

  /** What has gone by of the time that all take: a node counts by what it took, or takes; a reused one for nothing. */
  #share(now: number): number {
    if (this.#whole) return this.#whole.total > 0 ? this.#whole.value / this.#whole.total : 0;
    if (this.total === 0) return 0;
    if (this.#open.size === 0) return 1;
    let [gone, left] = [this.#spent, 0];
    for (const node of this.#openNodes()) {
      const rest = secondsOf(node, now);
      const own = goneOf(node, rest, now);
      gone += own;
      left += rest === null ? guessed(node, own) : restOf(node, now);
    }
    return gone + left > 0 ? gone / (gone + left) : 0;
  }

  /**
   * How much of the bar is full, by time; never backwards. Where it is known how long every node takes, what is left of
   * the bar is used up as what is left of the time is.
   */
  fractionAt(now: number): number {
    const left = this.left(now);
    const gone = this.#counted === null ? 0 : (now - this.#counted) / 1_000;
    if (left && !left.atLeast && gone > 0) this.#shown += ((1 - this.#shown) * gone) / (gone + this.#rest(left, now));
    this.#shown = Math.max(this.#shown, this.#share(now));
    if (this.#counted !== null) this.#counted = now;
    return this.#shown;
  }

  /** Seconds that the bar has to last: longer than what is left where a node is late. */
  #rest({ seconds }: Left, now: number): number {
    let rest = seconds;
    for (const node of this.#openNodes()) rest += Math.max(0, restOf(node, now) - (secondsOf(node, now) ?? 0));
    return rest;
  }

  /** Null when nothing at all is known. */
  left(now: number): Left | null {
    if (this.#whole) {
      const { remaining, told } = this.#whole;
      return remaining === null ? null : { seconds: Math.max(0, remaining - (now - told) / 1_000), atLeast: false };
    }
    let [seconds, known, atLeast] = [0, false, false];
    for (const node of this.#openNodes()) {
      const own = secondsOf(node, now);
      if (own === null) atLeast = true;
      else {
        seconds += own;
        known = true;
      }
    }
    return known ? { seconds, atLeast } : null;
  }

  *#openNodes(): Generator<Node> {
    for (const id of this.#open) {
      const node = this.#nodes.get(id);
      if (node) yield node;
    }
  }

  #set({ node: id, state, expected, seconds }: NodeChange, now: number): void {
    const before = this.#nodes.get(id);
    if (state === 'done' && before?.state !== 'done') {
      this.#ran += 1;
      this.#spent += seconds ?? (before?.state === 'running' ? (now - before.began) / 1_000 : 0);
    }
    if (state === 'running') this.#counted ??= now;
    const fresh = !before || before.state !== state;
    this.#nodes.set(id, {
      state,
      expected: expected ?? before?.expected ?? null,
      began: fresh ? now : before.began,
      fraction: fresh ? 0 : before.fraction,
      remaining: fresh ? null : before.remaining,
      told: fresh ? now : before.told,
    });
    if (SETTLED.has(state)) this.#open.delete(id);
    else this.#open.add(id);
  }
}

/** Seconds since a node began: by its own share where it tells one, for it may have begun before this page came. */
function goneOf(node: Node, rest: number | null, now: number): number {
  if (node.state !== 'running') return 0;
  const seen = (now - node.began) / 1_000;
  return rest !== null && node.fraction < 1 ? Math.max(seen, (rest * node.fraction) / (1 - node.fraction)) : seen;
}

/** By its own share where it tells one; else as if half of it had gone by, once it takes longer than was guessed. */
function guessed(node: Node, gone: number): number {
  if (node.fraction > 0) return (gone * (1 - node.fraction)) / node.fraction;
  return Math.max(GUESS, gone);
}

/** Seconds of the bar for a node: one that says nothing of itself and nears what it took before may take far longer. */
function restOf(node: Node, now: number): number {
  const rest = secondsOf(node, now) ?? 0;
  const isSilent = node.state === 'running' && node.remaining === null && node.expected !== null;
  const gone = (now - node.began) / 1_000;
  return isSilent && gone > ON_TIME * (node.expected ?? 0) ? Math.max(rest, LATE * gone) : rest;
}

/** What a node says itself counts more than what was before; a node that takes longer than before is about to end. */
function secondsOf(node: Node, now: number): number | null {
  if (node.state === 'waiting') return node.expected;
  if (node.remaining !== null) return Math.max(0, node.remaining - (now - node.told) / 1_000);
  return node.expected === null ? null : Math.max(0, node.expected - (now - node.began) / 1_000);
}

// What can be undone and redone. Holds commands only; applying them is the caller's.
import { invert, type Command } from './change';

const STEPS = 1_000;
const MERGE_WITHIN_MS = 1_500;

export class History {
  readonly #done: Command[] = [];
  readonly #undone: Command[] = [];
  #last = -Infinity;

  get canUndo(): boolean {
    return this.#done.length > 0;
  }

  get canRedo(): boolean {
    return this.#undone.length > 0;
  }

  get undoLabel(): string {
    return this.#done.at(-1)?.label ?? '';
  }

  get redoLabel(): string {
    return this.#undone.at(-1)?.label ?? '';
  }

  /** Remembers a command just applied. `now` in milliseconds decides whether it joins the step before. */
  push(command: Command, now: number): void {
    const top = this.#done.at(-1);
    const soon = command.lasting === true || now - this.#last < MERGE_WITHIN_MS;
    const joins = command.merge !== undefined && top?.merge === command.merge && soon;
    if (joins && top) this.#done[this.#done.length - 1] = { ...command, changes: joined(top, command) };
    else this.#done.push(command);
    if (this.#done.length > STEPS) this.#done.shift();
    this.#undone.length = 0;
    this.#last = now;
  }

  /** The command that takes the last step back, to be applied by the caller. */
  undo(): Command | null {
    const command = this.#done.pop();
    if (!command) return null;
    this.#undone.push(command);
    this.#last = -Infinity;
    return invert(command);
  }

  redo(): Command | null {
    const command = this.#undone.pop();
    if (!command) return null;
    this.#done.push(command);
    this.#last = -Infinity;
    return command;
  }
}

/** Typing a thousand letters is one change from the first text to the last, not a thousand. */
function joined(first: Command, second: Command): Command['changes'] {
  const [a, b] = [first.changes, second.changes];
  if (a.length !== 1 || b.length !== 1 || !a[0] || !b[0]) return [...a, ...b];
  return [{ ...b[0], before: a[0].before } as Command['changes'][number]];
}

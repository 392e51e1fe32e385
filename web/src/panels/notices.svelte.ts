// Short words about what just happened. Errors stay until dismissed; the rest goes by itself. What is given as a
// function is said anew when the language changes.
import { ApiError } from '../api/http';
import { say, type Words } from '../languages/words';

export type NoticeLevel = 'info' | 'success' | 'warning' | 'error';

export interface NoticeAction {
  label: Words;
  run: () => void;
}

export interface Notice {
  id: number;
  level: NoticeLevel;
  what: Words;
  fix: Words;
  action?: NoticeAction;
}

const SHOWN_MS = 5_000;
const MOST = 4;

export class Notices {
  list: readonly Notice[] = $state.raw([]);
  #next = 1;

  add(level: NoticeLevel, what: Words, fix: Words = '', action?: NoticeAction): void {
    const id = this.#next;
    this.#next += 1;
    const notice: Notice = action ? { id, level, what, fix, action } : { id, level, what, fix };
    // The same words twice are one notice, told again.
    const others = this.list.filter((other) => say(other.what) !== say(what) || say(other.fix) !== say(fix));
    this.list = [...others, notice].slice(-MOST);
    if (level !== 'error') setTimeout(() => this.dismiss(id), SHOWN_MS);
  }

  /** An error of the server in its own words; anything else is a fault of the page and goes on up. */
  error(error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    this.add('error', () => error.what, () => error.fix);
  }

  dismiss(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }
}

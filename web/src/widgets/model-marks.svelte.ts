// Which models are favourites, and which were used last; kept in this browser.
const KEY = 'loom.models';
const MOST_RECENT = 8;

interface Marks {
  favourites: readonly string[];
  recent: readonly string[];
}

const listed = (value: unknown): string[] => (Array.isArray(value) ? value.filter((name) => typeof name === 'string') : []);

function readMarks(): Marks {
  try {
    const read = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Marks>;
    return { favourites: listed(read.favourites), recent: listed(read.recent) };
  } catch {
    return { favourites: [], recent: [] };
  }
}

const within = (folder: string, names: readonly string[]): string[] =>
  names.filter((name) => name.startsWith(`${folder}/`)).map((name) => name.slice(folder.length + 1));

class ModelMarks {
  #marks: Marks = $state.raw(readMarks());

  favourites(folder: string): ReadonlySet<string> {
    return new Set(within(folder, this.#marks.favourites));
  }

  recent(folder: string): readonly string[] {
    return within(folder, this.#marks.recent);
  }

  toggle(folder: string, name: string): void {
    const key = `${folder}/${name}`;
    const others = this.#marks.favourites.filter((other) => other !== key);
    this.#keep({ ...this.#marks, favourites: others.length < this.#marks.favourites.length ? others : [...others, key] });
  }

  used(folder: string, name: string): void {
    const key = `${folder}/${name}`;
    const recent = [key, ...this.#marks.recent.filter((other) => other !== key)];
    const kept = recent.filter((other, index) => recent.slice(0, index).filter((before) => before.split('/')[0] === other.split('/')[0]).length < MOST_RECENT);
    this.#keep({ ...this.#marks, recent: kept });
  }

  #keep(marks: Marks): void {
    this.#marks = marks;
    localStorage.setItem(KEY, JSON.stringify(marks));
  }
}

export const modelMarks = new ModelMarks();

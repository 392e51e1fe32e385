// What the user chose. Known at once from this browser; then the server is asked whether another browser of the same
// user chose later. A choice is kept in the browser at once and on the server a moment later.
import { getSettings, putSettings } from '../api/client';
import { ApiError } from '../api/http';
import { DEFAULTS, differing, ON_SERVER, readValues, type Values } from './settings';

const KEY = 'loom.settings';
const DELAY = 500;

export class Settings {
  #values = $state.raw<Values>(DEFAULTS);
  /** When the newest choice that the server keeps was made, in seconds. */
  #updated = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.#take(this.#kept());
  }

  get values(): Values {
    return this.#values;
  }

  set<Id extends keyof Values>(id: Id, value: Values[Id]): void {
    this.#values = { ...this.#values, [id]: value };
    if (ON_SERVER.includes(id)) this.#updated = Date.now() / 1000;
    this.#keep();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#send(), DELAY);
  }

  reset(id: keyof Values): void {
    this.set(id, DEFAULTS[id]);
  }

  isDefault(id: keyof Values): boolean {
    return Object.keys(differing(this.#values, [id])).length === 0;
  }

  /** Takes over what was chosen in another browser since, or tells what the server missed. It may be away: what is here then stays. */
  async meet(): Promise<void> {
    try {
      const { values, updated } = await getSettings();
      if (updated < this.#updated) return await this.#send();
      if (updated === this.#updated) return;
      const fresh = Object.fromEntries(ON_SERVER.map((id) => [id, DEFAULTS[id]]));
      this.#values = { ...this.#values, ...fresh, ...readValues(values) };
      this.#updated = updated;
      this.#keep();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** Another tab of this browser chose. */
  follow(event: StorageEvent): void {
    if (event.key === KEY) this.#take(this.#kept());
  }

  async #send(): Promise<void> {
    try {
      await putSettings({ values: differing(this.#values, ON_SERVER), updated: this.#updated });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  #take(kept: { values?: unknown; updated?: unknown }): void {
    this.#values = { ...DEFAULTS, ...readValues(kept.values) };
    this.#updated = typeof kept.updated === 'number' ? kept.updated : 0;
  }

  #keep(): void {
    const values = differing(this.#values, Object.keys(DEFAULTS) as (keyof Values)[]);
    localStorage.setItem(KEY, JSON.stringify({ values, updated: this.#updated }));
  }

  #kept(): { values?: unknown; updated?: unknown } {
    if (typeof localStorage === 'undefined') return {};
    try {
      return JSON.parse(localStorage.getItem(KEY) ?? '{}') as { values?: unknown; updated?: unknown };
    } catch {
      return {};
    }
  }
}

// What is known of the model files of each folder: asked for when a list of them is first opened, and again when the
// catalogue is another.
import { getModels, type ModelInfo } from './client';
import { ApiError } from './http';

type Infos = ReadonlyMap<string, ModelInfo>;

const NONE: Infos = new Map();

export class ModelInfos {
  #known: Readonly<Record<string, Infos>> = $state.raw({});
  readonly #asked = new Map<string, string>();

  of(folder: string): Infos {
    return this.#known[folder] ?? NONE;
  }

  /** Whether an answer is there, for what waits for it. */
  has(folder: string): boolean {
    return folder in this.#known;
  }

  /** Asks once for each revision of the catalogue. Without an answer the plain names do. */
  async look(folder: string, revision: string): Promise<void> {
    if (this.#asked.get(folder) === revision) return;
    this.#asked.set(folder, revision);
    try {
      const infos = await getModels(folder);
      this.#known = { ...this.#known, [folder]: new Map(infos.map((info) => [info.name, info])) };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#asked.delete(folder);
    }
  }
}

/** One for the page: files are the same whichever workflow is open. */
export const modelInfos = new ModelInfos();

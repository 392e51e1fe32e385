// Which node types a few typed letters mean. Pure: the catalogue in, an ordered list out.
import MiniSearch from 'minisearch';

import type { Catalogue, NodeSchema } from '../document/catalogue';
import type { LooseEnd } from '../document/types';
import { fittingSocket } from '../editor/fitting';

interface Entry {
  id: string;
  title: string;
  words: string;
  category: string;
  help: string;
}

const split = (text: string): string[] => text.split(/[\s_/.,:;()-]+/).filter(Boolean);

export class PaletteSearch {
  readonly #catalogue: Catalogue;
  readonly #index: MiniSearch<Entry>;
  readonly #schemas: NodeSchema[];

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
    this.#index = new MiniSearch<Entry>({
      fields: ['title', 'words', 'category', 'help'],
      tokenize: split,
      searchOptions: {
        boost: { title: 6, words: 3, category: 2 },
        prefix: true,
        fuzzy: (term) => (term.length > 3 ? 0.25 : false),
        combineWith: 'AND',
      },
    });
    this.#schemas = Object.values(catalogue.nodes).filter(({ boundary }) => !boundary);
    this.#index.addAll(
      this.#schemas.map(({ id, title, category, help, outputs }) => ({
        id,
        title,
        category,
        help,
        words: `${id} ${outputs.map((output) => output.type).join(' ')}`,
      })),
    );
  }

  /** Every fitting node in the order of its category and title, or those the text means, best first. */
  find(text: string, fitting: LooseEnd | null): NodeSchema[] {
    const words = text.trim();
    const schemas = words ? this.#matching(words) : this.#all();
    return fitting ? schemas.filter((schema) => fittingSocket(this.#catalogue, schema, fitting) !== null) : schemas;
  }

  #matching(words: string): NodeSchema[] {
    const found = this.#index.search(words).map((result) => this.#catalogue.nodes[String(result.id)]);
    const exact = words.toLowerCase();
    const rank = (schema: NodeSchema): number => {
      const title = schema.title.toLowerCase();
      if (title === exact) return 0;
      return title.startsWith(exact) ? 1 : 2;
    };
    // Array.sort is stable: within a rank the index's own order stays.
    return found.filter((schema) => schema !== undefined).sort((a, b) => rank(a) - rank(b));
  }

  #all(): NodeSchema[] {
    return [...this.#schemas].sort(
      (a, b) => a.category.localeCompare(b.category) || a.title.localeCompare(b.title),
    );
  }
}

export interface Category {
  name: string;
  count: number;
}

/** The top categories that occur, in order, with how many nodes each holds. */
export function categoriesOf(found: readonly NodeSchema[]): Category[] {
  const counts = new Map<string, number>();
  for (const schema of found) {
    const top = topCategory(schema);
    counts.set(top, (counts.get(top) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([name, count]) => ({ name, count }));
}

export const topCategory = (schema: NodeSchema): string => schema.category.split('/')[0] ?? '';

// The words worth completing in a graph: learned words of the models folder, and those that call its LoRAs.
import type { ModelInfo } from '../api/client';
import type { Graph } from '../document/document';
import { constantOf } from '../document/types';
import { strings } from '../strings';
import type { Suggestion } from './completing';

export const EMBEDDINGS = 'embeddings';
export const LORAS = 'loras';

export type Infos = ReadonlyMap<string, ModelInfo>;

const withoutEnd = (name: string): string => name.replace(/\.[^./]+$/, '');

export function learnedWords(embeddings: Infos): Suggestion[] {
  return [...embeddings.values()].map(({ name }) => {
    const label = withoutEnd(name);
    return { insert: `embedding:${label}`, label, hint: strings.prompt.embedding };
  });
}

/** The words of every LoRA that a node of the graph names, each once. */
export function callingWords(graph: Graph, loras: Infos): Suggestion[] {
  const found = new Map<string, Suggestion>();
  for (const node of graph.nodes.values()) {
    for (const value of Object.values(node.inputs)) {
      const name = constantOf(value);
      const info = typeof name === 'string' ? loras.get(name) : undefined;
      for (const word of info?.triggers ?? []) {
        const file = withoutEnd(info?.name ?? '').split('/').at(-1) ?? '';
        if (!found.has(word)) found.set(word, { insert: word, label: word, hint: strings.prompt.from(file) });
      }
    }
  }
  return [...found.values()];
}

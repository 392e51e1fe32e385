// Ids people can read and type (`loom run --set sample.steps=30`): the type's own name, numbered from the
// second on. Neither "/" nor "." occurs in one: paths through subgraphs and inputs use them.

export function freshId(type: string, taken: (id: string) => boolean): string {
  const own = type.startsWith('subgraph:') ? 'subgraph' : type.slice(type.lastIndexOf('/') + 1);
  const base =
    own
      .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
      .replace(/[^A-Za-z0-9]+/g, '_')
      .replace(/^_+|_+$/g, '')
      .toLowerCase() || 'node';
  if (!taken(base)) return base;
  for (let number = 2; ; number += 1) if (!taken(`${base}_${number}`)) return `${base}_${number}`;
}

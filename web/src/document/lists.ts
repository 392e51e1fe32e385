// Whether a link carries a list: its source gives one, or runs once for each item of one that feeds it.
import type { Catalogue } from './catalogue';
import type { Graph } from './document';
import { slotNamed } from './inputs';
import { isLink, type Source } from './types';

export function carriesList({ nodes }: Graph, catalogue: Catalogue, from: Source): boolean {
  const waiting: Source[] = [from];
  const seen = new Set<string>();
  for (const [id, output] of waiting) {
    const node = nodes.get(id);
    const schema = node && catalogue.nodes[node.type];
    if (!node || !schema || seen.has(`${id} ${output}`)) continue;
    seen.add(`${id} ${output}`);
    if (node.loop?.mode === 'each' || schema.outputs.some(({ name, is_list }) => name === output && is_list)) return true;
    for (const [name, value] of Object.entries(node.inputs)) {
      // An input that takes the whole list makes one of it.
      if (isLink(value) && !slotNamed(schema, node, name)?.schema.is_list) waiting.push(value.link);
    }
  }
  return false;
}

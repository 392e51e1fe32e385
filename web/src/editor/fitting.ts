// By which of its sockets a node type takes, or gives, the loose end of a link.
import type { Catalogue, NodeSchema } from '../document/catalogue';
import { fits, boundOf } from '../document/fits';
import { isLinkable } from '../document/typing';
import { slotsOf } from '../document/inputs';
import type { LooseEnd } from '../document/types';

/** The socket of a new node of this type that the loose end would be wired to; null when none fits. */
export function fittingSocket(catalogue: Catalogue, schema: NodeSchema, end: LooseEnd): string | null {
  if (end.direction === 'in') {
    const given = schema.outputs.filter((output) => fits(catalogue, boundOf(output.type, schema), end.type));
    return (given.find((output) => output.type === end.type) ?? given[0])?.name ?? null;
  }
  const taken = slotsOf(schema, { inputs: {} })
    .filter(isLinkable)
    .filter((slot) => fits(catalogue, end.type, boundOf(slot.schema.type, schema)));
  const exact = taken.find((slot) => slot.schema.type === end.type);
  return (exact ?? taken.find((slot) => !slot.schema.widget) ?? taken[0])?.name ?? null;
}

// Which output may be plugged into which input, and in words why not. Looked up in the catalogue's table;
// unions and type variables are taken apart here, since the table names plain types only.
import { strings } from '../strings';
import type { Catalogue, NodeSchema } from './catalogue';

export const isVariable = (type: string): boolean => type.startsWith('$');

/** What a type variable may stand for in this node; any when it is free. */
export function boundOf(type: string, schema: NodeSchema | undefined): string {
  return isVariable(type) ? (schema?.type_variables?.[type.slice(1)] ?? 'any') : type;
}

/** Whether a value of type `output` may go where `input` is asked for. An output of several types must fit with each. */
export function fits(catalogue: Catalogue, output: string, input: string): boolean {
  if (output === 'any' || input === 'any' || isVariable(output) || isVariable(input)) return true;
  const wanted = input.split('|');
  return output.split('|').every((given) => {
    if (wanted.includes(given)) return true;
    const table = catalogue.types[given]?.fits;
    if (table) return table.includes(input) || wanted.some((type) => table.includes(type));
    return given === 'int' && wanted.includes('float');
  });
}

const words: { plain: Readonly<Record<string, string>>; or: string; named: (title: string) => string } = strings.types;

/** A type as a person says it: "an image", "a number or text". */
export function typeInWords(catalogue: Catalogue, type: string): string {
  return type
    .split('|')
    .map((name) => words.plain[name] ?? words.named(catalogue.types[name]?.title || titleOf(name)))
    .join(words.or);
}

function titleOf(name: string): string {
  const own = name.slice(name.lastIndexOf('/') + 1);
  return own === own.toUpperCase() ? own : own.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
}

/** The sentence shown while a link is dragged over an input that does not take it. */
export function misfit(catalogue: Catalogue, output: string, input: string): string {
  return strings.refusals.misfit(typeInWords(catalogue, input), typeInWords(catalogue, output));
}

// A value of a field, in a list of what differs, as the page says it elsewhere.
import { shortValue } from '../document/diff';
import type { LoopData, Mode } from '../document/types';
import { strings } from '../strings';

const SAID: Readonly<Record<string, (value: unknown) => string>> = {
  mode: (value) => strings.inspector.modes[(value as Mode | undefined) ?? 'run'],
  loop: (value) => loopInWords(value as LoopData | undefined),
};

/** `input`: the field is an input of a node, whatever its name. */
export function valueInWords({ name, input }: { name: string; input: boolean }, value: unknown, titleOf: (node: string) => string): string {
  const said = input ? undefined : SAID[name]?.(value);
  if (said !== undefined) return said;
  if (typeof value === 'boolean') return value ? strings.sweep.on : strings.sweep.off;
  return shortValue(value, titleOf);
}

function loopInWords(loop: LoopData | undefined): string {
  const { chip, modes, most } = strings.loops;
  if (!loop) return modes.once;
  if (loop.mode === 'repeat') return chip.repeat(loop.times ?? 1);
  return loop.mode === 'while' && loop.most ? `${modes.while}, ${most} ${loop.most}` : modes[loop.mode];
}

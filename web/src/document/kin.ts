// The families of models that values belong to, and what several values have in common.
import type { FamilyInfo } from './catalogue';

/** The families a value may be of, and the file that says so. */
export interface Kin {
  families: ReadonlySet<string>;
  file: string;
}

/** What comes in through an input. */
export interface Named {
  input: string;
  kin: Kin;
  isFile: boolean;
}

/** What all inputs have in common, and the first two that have nothing. */
export function join(inputs: readonly Named[]): { joined: Named | null; refused: readonly [Named, Named] | null } {
  let joined: Named | null = null;
  let refused: readonly [Named, Named] | null = null;
  for (const now of inputs) {
    if (!joined) {
      joined = now;
      continue;
    }
    const families: ReadonlySet<string> = joined.kin.families;
    const both: ReadonlySet<string> = new Set([...families].filter((name) => now.kin.families.has(name)));
    if (both.size === 0) refused ??= [now, joined];
    else if (both.size < families.size) joined = { ...now, kin: { families: both, file: now.kin.file } };
  }
  return { joined, refused };
}

/** The families that all of them may be of; null when nothing is known, or nothing in common. */
export function inCommon(inputs: readonly Named[]): ReadonlySet<string> | null {
  const { joined, refused } = join(inputs);
  return refused ? null : (joined?.kin.families ?? null);
}

/** These, and those whose latents are like theirs. */
export function alike(families: ReadonlySet<string>, known: Readonly<Record<string, FamilyInfo>>): ReadonlySet<string> {
  const latents = new Set([...families].map((name) => known[name]?.latents).filter((one) => one !== undefined));
  const others = Object.entries(known).filter(([, info]) => latents.has(info.latents));
  return new Set([...families, ...others.map(([name]) => name)]);
}

/** One of several values; null when one of them may be of any family. */
export function either(found: readonly { kin: Kin | null }[]): Kin | null {
  const known = found.flatMap(({ kin }) => kin ?? []);
  const [first] = known;
  if (!first || known.length < found.length) return null;
  return { families: new Set(known.flatMap((kin) => [...kin.families])), file: first.file };
}

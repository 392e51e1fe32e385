// What a seed does before a run: the seed shown is the seed used, so it is rolled at the moment of Run and
// only when the shown one has been used already. Seeds reach 2^64-1: beyond 2^53-1 they are decimal strings.
export type SeedRule = 'fixed' | 'random' | 'increment';
export type SeedValue = number | string;

export const LARGEST_SEED = 2n ** 64n - 1n;
/** Random seeds stay this short: easy to read out, to type and to tell apart. */
const RANDOM_SEEDS = 2 ** 32;

export function seedRule(value: unknown): SeedRule {
  return value === 'random' || value === 'increment' ? value : 'fixed';
}

/** The whole number a seed stands for, or null when the text is none or out of range. */
export function readSeed(value: unknown): bigint | null {
  const text = typeof value === 'number' && Number.isInteger(value) ? BigInt(value).toString() : value;
  if (typeof text !== 'string' || !/^\s*\d{1,20}\s*$/.test(text)) return null;
  const seed = BigInt(text.trim());
  return seed <= LARGEST_SEED ? seed : null;
}

/** How a seed stands in the document: a number where JavaScript can hold it, else a string. */
export function writeSeed(seed: bigint): SeedValue {
  return seed <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(seed) : seed.toString();
}

export function randomSeed(random: () => number = Math.random): SeedValue {
  return Math.floor(random() * RANDOM_SEEDS);
}

/** The seed after `value`, wrapping past the largest. */
export function nextSeed(value: unknown): SeedValue {
  const seed = readSeed(value) ?? 0n;
  return writeSeed(seed === LARGEST_SEED ? 0n : seed + 1n);
}

export function rollSeed(value: unknown, rule: SeedRule, random: () => number = Math.random): SeedValue {
  if (rule === 'increment') return nextSeed(value);
  if (rule === 'random') return randomSeed(random);
  return writeSeed(readSeed(value) ?? 0n);
}

/** One seed input of the document, as it stands. */
export interface SeedInput {
  /** The subgraph it is in; '' for the workflow itself. */
  graph: string;
  node: string;
  input: string;
  value: unknown;
  rule: SeedRule;
}

export interface RolledSeed {
  graph: string;
  node: string;
  input: string;
  value: SeedValue;
}

export const seedKey = ({ graph, node, input }: Omit<RolledSeed, 'value'>): string => `${graph ? `${graph}/` : ''}${node}/${input}`;

/** The seeds to set before a run, given those the last run of this document used. */
export function rollSeeds(
  seeds: readonly SeedInput[],
  used: ReadonlyMap<string, string>,
  random: () => number = Math.random,
): RolledSeed[] {
  return seeds
    .filter((seed) => seed.rule !== 'fixed' && used.get(seedKey(seed)) === String(seed.value))
    .map((seed) => ({ graph: seed.graph, node: seed.node, input: seed.input, value: rollSeed(seed.value, seed.rule, random) }));
}

/** What `used` is after a run with `seeds` as they stand. */
export function usedSeeds(seeds: readonly SeedInput[]): Map<string, string> {
  return new Map(seeds.map((seed) => [seedKey(seed), String(seed.value)]));
}

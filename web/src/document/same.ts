// Whether two values are the same as JSON: the order of keys does not count, nor keys that hold nothing.
export function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [left, right] = [entries(one), entries(other)];
  return left.size === right.size && [...left].every(([key, value]) => right.has(key) && same(value, right.get(key)));
}

function entries(value: object): Map<string, unknown> {
  return new Map(Object.entries(value).filter(([, held]) => held !== undefined));
}

// Which nodes two versions of a workflow do not have alike. Pure.
import type { Workflow } from '../document/types';

/** JSON with its keys in order, so that equal values are equal texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** Ids of nodes that only one has, or that differ, in the order of the first. */
export function differing(a: Workflow, b: Workflow): string[] {
  const ids = new Set([...Object.keys(a.nodes), ...Object.keys(b.nodes)]);
  return [...ids].filter((id) => canonical(a.nodes[id]) !== canonical(b.nodes[id]));
}

// What a workflow computes, for comparing two: every running node as text, taken together with all it reads, with
// subgraphs taken apart and ids and places forgotten.
import { definitionOf, ENTRY, EXIT } from '../subgraphs';
import { isLink, type GraphData, type InputValue, type NodeData, type Workflow } from '../types';

interface Scope {
  graph: GraphData;
  /** The node around it, and the scope that one stands in. */
  around: { node: NodeData; scope: Scope } | null;
}

export function computed(workflow: Workflow): string[] {
  const found: string[] = [];
  const walk = (scope: Scope): void => {
    for (const node of Object.values(scope.graph.nodes)) {
      const inner = workflow.subgraphs[definitionOf(node) ?? ''];
      if (inner) walk({ graph: inner, around: { node, scope } });
      else if (node.type !== ENTRY && node.type !== EXIT) found.push(told(workflow, node, scope));
    }
  };
  walk({ graph: workflow, around: null });
  return found.sort();
}

function told(workflow: Workflow, node: NodeData, scope: Scope): string {
  const inputs = Object.entries(node.inputs).flatMap(([name, value]) => {
    const end = ended(workflow, value, scope);
    return end === undefined ? [] : [[name, end] as const];
  });
  const { type, mode = 'run', title = '' } = node;
  return JSON.stringify([type, mode, title, inputs.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function ended(workflow: Workflow, value: InputValue | undefined, scope: Scope): string | undefined {
  if (!isLink(value)) return value === undefined ? undefined : JSON.stringify(value);
  const [id, output] = value.link;
  const node = scope.graph.nodes[id];
  const kept = value.value === undefined ? undefined : JSON.stringify(value.value);
  if (!node) return 'gone';
  if (node.type === ENTRY && scope.around) {
    const ports = (scope.graph['inputs'] ?? {}) as Record<string, { default?: InputValue }>;
    return ended(workflow, scope.around.node.inputs[output] ?? ports[output]?.default, scope.around.scope) ?? kept;
  }
  const inner = workflow.subgraphs[definitionOf(node) ?? ''];
  if (!inner) return `${output} of ${told(workflow, node, scope)}`;
  const exit = Object.values(inner.nodes).find(({ type }) => type === EXIT);
  return ended(workflow, exit?.inputs[output], { graph: inner, around: { node, scope } }) ?? kept;
}

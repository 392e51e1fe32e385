// What is said of a subgraph as a whole, from what is said of all that runs in it. Pure.
import { IDLE, type NodeRun } from './run';

type State = NodeRun['state'];

const SETTLED: ReadonlySet<State> = new Set(['done', 'cached', 'skipped']);

/** `own`: what is said of the instance itself, as of one that runs many times. */
export function summed(own: NodeRun | undefined, inner: readonly (readonly [id: string, run: NodeRun])[]): NodeRun {
  const runs = inner.map(([, run]) => run);
  const state = stateOf(own, runs);
  const running = inner.find(([, run]) => run.state === 'running');
  const [worst] = runs.filter(({ failure }) => failure !== null);
  const seconds = runs.reduce((sum, run) => sum + (run.seconds ?? 0), 0);
  const steps = running?.[1];
  const counts = own && (own.total > 0 || own.value > 0) ? own : steps;
  return {
    state,
    reason: own?.reason ?? '',
    reasonPhrase: own?.reasonPhrase ?? null,
    value: counts?.value ?? 0,
    total: counts?.total ?? 0,
    seconds: state === 'done' ? (own?.seconds ?? seconds) : null,
    expected: own?.expected ?? null,
    remaining: steps?.remaining ?? null,
    previewUrl: steps?.previewUrl || (runs.find(({ previewUrl }) => previewUrl)?.previewUrl ?? ''),
    outputs: runs.flatMap(({ outputs }) => outputs),
    text: runs.flatMap(({ text }) => (text ? [text] : [])).join('\n'),
    failure: own?.failure ?? worst?.failure ?? null,
    ...(running ? { inner: { node: running[0], value: running[1].value, total: running[1].total } } : {}),
  };
}

function stateOf(own: NodeRun | undefined, runs: readonly NodeRun[]): State {
  const has = (state: State): boolean => runs.some((run) => run.state === state);
  if (own?.state === 'failed' || has('failed')) return 'failed';
  if (own && own.state !== 'idle' && own.state !== 'waiting') return own.state;
  if (has('running')) return 'running';
  const settled = runs.some(({ state }) => SETTLED.has(state));
  if (has('cancelled')) return 'cancelled';
  // Between two of its nodes it is not done, and no longer waiting either.
  if (has('waiting')) return runs.some(({ state }) => state === 'done') ? 'running' : 'waiting';
  if (!settled) return own?.state ?? IDLE.state;
  return has('done') ? 'done' : has('cached') ? 'cached' : 'skipped';
}

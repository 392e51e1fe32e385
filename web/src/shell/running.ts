// Run: the seeds are rolled, the document is sent as it then stands, so the seed shown is the seed used.
import { postJob, postSweep } from '../api/client';
import { ApiError, type Problem } from '../api/http';
import type { JobInfo } from '../api/messages.gen';
import { patiently } from '../api/patience';
import { rollSeeds, type SeedInput, seedRule, usedSeeds } from '../api/seeds';
import { ROOT } from '../document/change';
import type { Place } from '../document/edit/place';
import { slotsOf } from '../document/inputs';
import { constantOf, isLink } from '../document/types';
import type { Editor } from '../editor/editor.svelte';

/** Every seed of the workflow that a widget holds: a linked one is its source's business. */
export function seedsOf(editor: Editor): SeedInput[] {
  const { whole } = editor.document;
  return [ROOT, ...[...whole.definitions()].map(([id]) => id)].flatMap((graph) => seedsIn(editor.document.placeIn(graph)));
}

function seedsIn({ document, graph, catalogue }: Place): SeedInput[] {
  const seeds: SeedInput[] = [];
  for (const [id, node] of document.graph(graph).nodes) {
    const schema = catalogue.nodes[node.type];
    if (!schema?.inputs.some(({ widget }) => widget?.kind === 'seed' || widget?.kind === 'variant')) continue;
    for (const slot of slotsOf(schema, node)) {
      const stored = node.inputs[slot.name];
      if (slot.schema.widget?.kind !== 'seed' || isLink(stored)) continue;
      const value = constantOf(stored) ?? slot.schema.default;
      seeds.push({ graph, node: id, input: slot.name, value, rule: seedRule(node.after?.[slot.name]) });
    }
  }
  return seeds;
}

export interface RunOutcome {
  jobs: JobInfo[];
  problems: readonly Problem[];
  used: Map<string, string>;
  error: ApiError | null;
}

/** Told that a busy server is asked again after so many milliseconds. */
export type Told = (error: ApiError, wait: number) => void;

/** Sends the workflow once as it stands, seeds and all. */
export const sendLive = (editor: Editor, told: Told): Promise<RunOutcome> =>
  sendAsIs(editor, { jobs: [], problems: [], used: new Map(), error: null }, told);

/** Sends the workflow's sweep: seeds stay as they are, for all pictures. */
export const sendSweep = (editor: Editor, told: Told): Promise<RunOutcome> =>
  sendAsIs(editor, { jobs: [], problems: [], used: new Map(), error: null }, told, undefined, postSweep);

async function sendAsIs(editor: Editor, outcome: RunOutcome, told: Told, targets?: readonly string[], post = postJob): Promise<RunOutcome> {
  const workflow = editor.document.toWorkflow();
  const seeds = seedsOf(editor);
  try {
    const key = crypto.randomUUID();
    const { id, warnings } = await patiently(() => post(workflow, targets, key), told);
    outcome.jobs.push({ id, document: workflow.id, title: workflow.title, state: 'queued', created: Date.now() / 1000 });
    outcome.problems = warnings ?? [];
    outcome.used = usedSeeds(seeds);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    outcome.problems = error.problems;
    outcome.error = error;
  }
  return outcome;
}

/** Sends the workflow `times` times, each with seeds of its own; stops at the first that is refused. */
export async function sendRuns(
  editor: Editor,
  times: number,
  usedBefore: ReadonlyMap<string, string>,
  told: Told,
  targets?: readonly string[],
): Promise<RunOutcome> {
  const outcome: RunOutcome = { jobs: [], problems: [], used: new Map(usedBefore), error: null };
  for (let turn = 0; turn < times; turn += 1) {
    for (const { graph, node, input, value } of rollSeeds(seedsOf(editor), outcome.used)) editor.edit.setValueIn(graph, node, input, value);
    await sendAsIs(editor, outcome, told, targets);
    if (outcome.error) return outcome;
  }
  return outcome;
}

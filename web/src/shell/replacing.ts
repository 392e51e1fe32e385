// Another version takes the place of what is shown: the other side of a conflict, or an earlier revision. Undo brings
// back what was there.
import type { StoredWorkflow } from '../api/client';
import { replaceWith } from '../document/edit/replace';
import type { Workflow } from '../document/types';
import { strings } from '../strings';
import type { Shell } from './shell.svelte';

export function takeTheirs(shell: Shell, theirs: StoredWorkflow): void {
  shell.autosave.settleOn(theirs.revision);
  become(shell, theirs.workflow, strings.revisions.takeTheirs);
}

/** A revision comes back as the newest. */
export function restoreRevision(shell: Shell, workflow: Workflow, revision: number): void {
  become(shell, workflow, strings.revisions.restoreEdit(revision));
  shell.notices.add('success', () => strings.revisions.restored(revision), () => strings.revisions.restoredFix);
}

/** Theirs stays what it is, mine goes on as a copy. */
export function keepBoth(shell: Shell, theirs: StoredWorkflow): void {
  const { autosave, editor, store } = shell;
  const mine = editor.document.toWorkflow();
  const copy = { ...mine, id: crypto.randomUUID(), title: strings.conflict.copyOf(mine.title) };
  void store.write({ id: theirs.workflow.id, workflow: theirs.workflow, view: null, revision: theirs.revision, dirty: false, used: [], updated: Date.now() });
  shell.show(copy, { revision: null, dirty: true, used: [...autosave.used], view: { ...editor.rootView } });
}

function become({ editor: { document } }: Shell, workflow: Workflow, label: string): void {
  document.do(replaceWith(document.place.document, workflow, label));
}

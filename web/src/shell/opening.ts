// Every way a workflow comes onto the page: new, template, the server's, a file, a picture, the last one.
import { getExample, getExamples, getJobWorkflow, getWorkflow, openBytes } from '../api/client';
import { ApiError, blobAt } from '../api/http';
import type { LocalDocument } from '../api/local';
import type { JobInfo } from '../api/messages.gen';
import { readSweep } from '../document/sweep';
import { emptyWorkflow, type Workflow } from '../document/types';
import { strings } from '../strings';
import { formWanted } from './form-link';
import type { Shell } from './shell.svelte';

const LARGEST_FILE = 100 * 2 ** 20;

export function openNew(shell: Shell): void {
  shell.show(emptyWorkflow(crypto.randomUUID(), strings.app.untitled), { revision: null, dirty: false });
}

/** A template becomes a document of one's own; the template itself never changes. */
export async function openTemplate(shell: Shell, name: string): Promise<void> {
  const template = await shell.attempt(getExample(name));
  if (!template) return;
  shell.show({ ...template, id: crypto.randomUUID() }, { revision: null, dirty: false });
  showSweep(shell, template);
}

/** One of the server's, or this browser's newer copy of it. */
export async function openSaved(shell: Shell, id: string): Promise<void> {
  await shell.autosave.send();
  const local = await shell.store.read(id);
  if (local && (local.dirty || local.revision === null)) {
    shell.show(local.workflow, local);
    await shell.autosave.compare();
    return;
  }
  const stored = await shell.attempt(getWorkflow(id));
  if (stored) shell.show(stored.workflow, { revision: stored.revision, dirty: false, used: local?.used ?? [], view: local?.view ?? null });
}

/** A workflow that came in from outside. One that is open or saved here already under its id comes as a copy. */
async function openForeign(shell: Shell, workflow: Workflow): Promise<void> {
  const known = (await shell.store.read(workflow.id)) !== undefined;
  const own = known || workflow.id === shell.editor.document.id ? { ...workflow, id: crypto.randomUUID() } : workflow;
  shell.show(own, { revision: null, dirty: true });
  showSweep(shell, own);
}

/** What comes with a sweep, such as the sheet of one, is opened to look at that. */
function showSweep(shell: Shell, workflow: Workflow): void {
  if (readSweep(workflow.sweep).axes.length > 0) shell.sweep = true;
}

/** The workflow of a job: as it is saved now, else as it was when it ran. */
export async function openJob(shell: Shell, job: JobInfo): Promise<void> {
  if (job.document && (await isKept(shell, job.document))) return openSaved(shell, job.document);
  const workflow = await shell.attempt(getJobWorkflow(job.id));
  if (workflow) await openForeign(shell, workflow);
}

async function isKept(shell: Shell, id: string): Promise<boolean> {
  try {
    return (await shell.store.read(id)) !== undefined || Boolean(await getWorkflow(id));
  } catch (error) {
    if (error instanceof ApiError) return false;
    throw error;
  }
}

export async function openFile(shell: Shell, file: File): Promise<void> {
  if (file.size > LARGEST_FILE) {
    shell.notices.add('error', () => strings.drop.tooLarge(file.name));
    return;
  }
  try {
    await openWithin(shell, file);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    shell.notices.add('error', () => strings.drop.refused(file.name), error.message);
  }
}

/** A picture opens the workflow in it. False when that is none of ours: then it is a picture like any other. */
export async function openPicture(shell: Shell, file: File): Promise<boolean> {
  if (file.size > LARGEST_FILE) return false;
  try {
    await openWithin(shell, file);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status !== 400) shell.notices.add('error', () => error.what, () => error.fix);
    else shell.notices.add('info', () => strings.drop.asPicture(file.name), () => error.what);
    return error.status !== 400;
  }
  return true;
}

/** Raises ApiError when the server finds no workflow of ours in the file. */
async function openWithin(shell: Shell, file: File): Promise<void> {
  const { workflow, notices } = await openBytes(file);
  await openForeign(shell, workflow);
  shell.notices.add('success', () => strings.open.openedWith(workflow.title || file.name));
  for (const notice of notices) shell.notices.add('info', notice);
}

/** The workflow inside a saved result. */
export async function openResult(shell: Shell, url: string, name: string): Promise<void> {
  const file = await shell.attempt(blobAt(url));
  if (file) await openFile(shell, new File([file], name));
}

/** What the page shows first: the document last open here, else the first template, else an empty one. */
export async function openFirst(shell: Shell): Promise<void> {
  shell.tabs.restore();
  const wanted = formWanted(location.hash);
  if (wanted && (await openAsForm(shell, wanted))) return;
  const id = shell.store.openDocument;
  // With the catalogue, so that no node is drawn as missing that is only not known yet.
  const [local] = await Promise.all([id ? shell.store.read(id) : undefined, shell.nodes.load()]);
  if (local) await openLast(shell, local);
  else await openFirstTemplate(shell);
  shell.ready = true;
}

/** What a shared link asks for: the workflow as a form, and nothing else. */
async function openAsForm(shell: Shell, id: string): Promise<boolean> {
  await shell.nodes.load();
  if (!(await isKept(shell, id))) {
    shell.notices.add('error', () => strings.form.missing, () => strings.form.missingFix);
    return false;
  }
  await openSaved(shell, id);
  shell.form = true;
  shell.ready = true;
  return true;
}

async function openLast(shell: Shell, local: LocalDocument): Promise<void> {
  const view = shell.store.readView(local.id) ?? local.view;
  shell.show(local.workflow, { ...local, view });
  const newer = await shell.autosave.compare();
  if (newer) shell.show(newer.workflow, { revision: newer.revision, dirty: false, used: local.used, view: local.view });
  if (view?.inside && shell.editor.go(view.inside.levels)) shell.editor.camera.set(view.inside.view);
}

async function openFirstTemplate(shell: Shell): Promise<void> {
  try {
    const examples = await getExamples();
    const first = examples.find((example) => example.first) ?? examples[0];
    if (first) await openTemplate(shell, first.name);
    else openNew(shell);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    openNew(shell);
  }
}

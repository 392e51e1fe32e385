// The workflow as a file of the user's own.
import type { Workflow } from '../document/types';
import { strings } from '../strings';
import type { Shell } from './shell.svelte';

export function fileName(title: string): string {
  const plain = title.normalize('NFKD').replace(/[^\p{Letter}\p{Number}]+/gu, '-').replace(/^-+|-+$/g, '').toLowerCase();
  return `${plain || strings.app.untitled.toLowerCase()}.json`;
}

export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const asFile = (workflow: Workflow): Blob => new Blob([`${JSON.stringify(workflow, null, 2)}\n`], { type: 'application/json' });

export function saveToFile(shell: Shell): void {
  const workflow = shell.editor.document.toWorkflow();
  download(asFile(workflow), fileName(workflow.title));
}
